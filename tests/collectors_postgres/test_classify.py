"""Which class a statement's text belongs to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.postgres.classify import Classifier
from collectors.postgres.snapshot import OWN
from collectors.postgres.tokens import normalised, tokens
from headroom.sources import QueryClass, QueryRules

SHAPES = Classifier(QueryRules(()))

TABLE = {
    # one row of one table by its id
    "SELECT * FROM users WHERE id = $1": "lookup",
    'SELECT "U"."id" FROM "users" "U" WHERE (("U"."id" = $1)) AND ("U"."x" IS NULL) LIMIT $2': "lookup",
    "select u.name from public.users u where u.tenant_id = $1 and u.id = $2::uuid": "lookup",
    "SELECT * FROM users WHERE $1 = id FOR UPDATE": "lookup",
    "SELECT id FROM users /* by id */ WHERE id = $1 -- the end": "lookup",
    # pages
    "SELECT * FROM users WHERE tenant_id = $1 ORDER BY created_at DESC LIMIT $2 OFFSET $3": "list",
    "SELECT * FROM users ORDER BY id OFFSET $1 ROWS FETCH NEXT $2 ROWS ONLY": "list",
    "SELECT * FROM bookings b LEFT JOIN tasks t ON t.booking_id = b.id WHERE b.id = $1 LIMIT $2": "list",
    "(SELECT a FROM t LIMIT $1) UNION (SELECT b FROM u LIMIT $2)": "list",
    "SELECT * FROM users WHERE id = $1 OR email = $2 LIMIT $3": "list",
    # groups
    "SELECT t.type, COUNT(*), SUM(t.amount) FROM transactions t WHERE t.a = $1 GROUP BY t.type": "aggregate",
    "SELECT count(*) FROM users WHERE tenant_id = $1": "aggregate",
    "SELECT max(created_at) FROM audit_logs": "aggregate",
    "SELECT percentile_cont($1) WITHIN GROUP (ORDER BY amount) FROM transactions": "aggregate",
    "SELECT type FROM transactions GROUP BY type LIMIT $1": "aggregate",
    # reports
    "SELECT rank() OVER (PARTITION BY tenant_id ORDER BY amount) FROM transactions": "analytics",
    "SELECT sum(amount) OVER w FROM transactions WINDOW w AS (ORDER BY id)": "analytics",
    "WITH recent AS (SELECT * FROM bookings) SELECT count(*) FROM recent": "analytics",
    "SELECT a, sum(b) FROM t GROUP BY GROUPING SETS ((a), ())": "analytics",
    "SELECT a, b, sum(c) FROM t GROUP BY CUBE (a, b)": "analytics",
    "SELECT * FROM a JOIN b ON a.x = b.x JOIN c ON c.x = b.x LEFT JOIN d ON d.x = c.x LIMIT $1": "analytics",
    "SELECT * FROM a, b, c, d WHERE a.x = b.x": "analytics",
    # writes
    "INSERT INTO users (name) VALUES ($1) RETURNING id": "write",
    "UPDATE users SET name = $1 WHERE id = $2": "write",
    "DELETE FROM users WHERE id = $1": "write",
    "MERGE INTO a USING b ON a.x = b.x WHEN MATCHED THEN DELETE": "write",
    "WITH gone AS (DELETE FROM a RETURNING *) SELECT * FROM gone": "write",
    "WITH x AS (SELECT 1) INSERT INTO a SELECT * FROM x": "write",
    "WITH x AS (SELECT 1) SELECT * FROM x FOR UPDATE": "analytics",
    # neither
    "BEGIN": "utility",
    "SET search_path TO $1": "utility",
    "COPY users TO STDOUT": "utility",
    "VACUUM ANALYZE users": "utility",
    "SELECT $1": "utility",
    "SELECT relname FROM pg_catalog.pg_class JOIN pg_namespace ON true WHERE oid = $1": "utility",
    "SELECT * FROM information_schema.tables": "utility",
    "": "utility",
    # reads without a shape
    "SELECT * FROM users WHERE email = $1": "",
    "SELECT * FROM users WHERE tenant_id = $1": "",
    "SELECT * FROM users WHERE id = $1 OR email = $2": "",
    "SELECT * FROM users WHERE NOT (id = $1)": "",
    "SELECT * FROM users WHERE id = $1 + $2": "",
    "SELECT * FROM users WHERE user_id = $1": "",
    "SELECT * FROM users WHERE id = (SELECT max_id FROM x)": "",
    "SELECT pg_sleep($1)": "",
    "SELECT name FROM t WHERE a IS DISTINCT FROM b": "",
    "SELECT 'LIMIT 5', \"limit\", $tag$ GROUP BY $tag$ FROM users WHERE a = '''OR' AND b = E'\\' LIMIT'": "",
}


@pytest.mark.parametrize(("text", "group"), TABLE.items())
def test_shape(text: str, group: str) -> None:
    """Each statement falls into the class of its shape, whatever its strings and comments hold."""
    assert SHAPES.label(text).group == group


def test_patterns_come_before_shapes_in_their_order() -> None:
    """The first class whose pattern is found takes the statement."""
    classifier = Classifier(
        QueryRules(
            (
                QueryClass("lookup"),
                QueryClass("ledger", ("from transactions", "app:ledger")),
                QueryClass("all", (".",)),
            )
        )
    )

    assert classifier.label("SELECT *\n  FROM   transactions WHERE id = $1").group == "ledger"
    assert classifier.label("SELECT 1 /* app:ledger */").group == "ledger"
    assert classifier.label("SELECT * FROM users WHERE id = $1").group == "all"


def test_own_statements_are_known_by_their_mark() -> None:
    """The collector's own statements are in no class, even where a pattern would take them."""
    classifier = Classifier(QueryRules((QueryClass("all", (".",)),)))

    assert classifier.label("SELECT /* headroom */ now()").group == OWN


def test_one_shape_has_one_fingerprint() -> None:
    """Case, space, comments, parameters' numbers and the length of a list of constants are no difference."""
    one = SHAPES.label("SELECT * FROM tasks WHERE booking_id IN ($1, $2)  AND x = $3")
    same = SHAPES.label("select *\nfrom Tasks -- here\nwhere booking_id in ($1,$2,$3,$4) and x=$5")
    other = SHAPES.label('SELECT * FROM "Tasks" WHERE booking_id IN ($1, $2) AND x = $3')

    assert one.fingerprint == same.fingerprint
    assert one.fingerprint != other.fingerprint


def test_no_literal_reaches_the_fingerprint() -> None:
    """A password in a utility statement is a constant like any other."""
    one = SHAPES.label("ALTER ROLE bob PASSWORD 'first'")
    two = SHAPES.label("ALTER ROLE bob PASSWORD E'sec\\'ond'")

    assert one == two


def test_rules_have_a_digest() -> None:
    """Labels of other rules are not mistaken for those of these."""
    rules = QueryRules((QueryClass("ledger", ("x",)),))

    assert Classifier(rules).digest == Classifier(rules).digest
    assert Classifier(rules).digest != SHAPES.digest


@given(st.text(alphabet="ab \n'\"$/*-().,;=E\\?1é\x00", max_size=80))
def test_any_text_is_read_to_its_end(text: str) -> None:
    """No text, cut anywhere, breaks the tokenizer, and depths are never negative."""
    words = tokens(text)

    assert all(word.depth >= 0 for word in words)
    assert isinstance(normalised(words), str)
    SHAPES.label(text)


def test_deep_and_long_texts_are_cheap() -> None:
    """Neither nesting nor length leads into recursion."""
    for text in (
        "(" * 20_000,
        "/*" * 10_000,
        "'" * 9_999,
        "$$" * 5_001,
        '"' * 9_999,
        "SELECT " + "a," * 200_000,
    ):
        assert SHAPES.label(text).group in ("utility", "")
