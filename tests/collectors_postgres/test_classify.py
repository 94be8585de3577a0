"""Which class a statement's text belongs to, and why."""

from __future__ import annotations

import asyncio
from types import MappingProxyType

import pytest

from collectors.postgres.classify import Classifier, Runner, why
from collectors.postgres.keys import Catalogue, Table
from collectors.postgres.lookup import Sight
from collectors.postgres.parsing import Parser, Shape, Unparsed
from collectors.postgres.snapshot import OWN, Label
from headroom.sources import QueryClass, QueryRules

RULES = QueryRules(())
NOBODY = Runner()
TABLES = (
    Table("public", "users", primary=("id",), unique=(("email",), ("tenant_id", "login"))),
    Table("public", "roles", primary=("id",)),
    Table("public", "bookings", primary=("id",)),
    Table("public", "tasks", primary=("id",)),
    Table("public", "transactions", primary=("id",)),
    Table("public", "wallets"),
    Table("public", "members", primary=("team_id", "user_id")),
    Table("public", "people", view=True),
    Table("north", "parcels", primary=("id",), unique=(("code",),)),
    Table("south", "parcels", primary=("id",)),
)
HERE = Sight(
    Catalogue(
        16384,
        MappingProxyType(
            {one.name: tuple(each for each in TABLES if each.name == one.name) for one in TABLES}
        ),
        frozenset({"weighted_mean"}),
    )
)
ELSEWHERE = Sight(None, "the catalogue of database shop cannot be read from here")

BY_ID = "one row at most: users by its primary key (id)"
UNSURE = "which is not known to be a key of it, without LIMIT"
LIMITED = "LIMIT bounds its rows"
TABLE = {
    # one row by a key
    "SELECT * FROM users WHERE id = $1": ("lookup", BY_ID),
    "SELECT id, tenant_id FROM users WHERE email = $1 AND is_active": (
        "lookup", "one row at most: users by its unique key (email)"),
    "SELECT name FROM users WHERE login = $1 AND tenant_id = $2": (
        "lookup", "one row at most: users by its unique key (tenant_id, login)"),
    # TypeORM, Sequelize, Hibernate, Django, Prisma, Rails
    'SELECT "U"."id" AS "U_id" FROM "users" "U" WHERE (("U"."id" = $1)) AND ("U"."gone" IS NULL) LIMIT $2': (
        "lookup", BY_ID),
    'SELECT "id", "email" FROM "users" AS "User" WHERE "User"."id" = $1;': ("lookup", BY_ID),
    "select u1_0.id,u1_0.name from users u1_0 where u1_0.id=$1": ("lookup", BY_ID),
    'SELECT "users"."id" FROM "users" WHERE "users"."id" = $1 LIMIT $2': ("lookup", BY_ID),
    'SELECT "public"."users"."id" FROM "public"."users" WHERE ("users"."id" = $1 AND $2=$3) LIMIT $4': (
        "lookup", BY_ID),
    "SELECT * FROM users WHERE $1 = id FOR UPDATE": ("lookup", BY_ID),
    "SELECT * FROM users WHERE id = $1::bigint": ("lookup", BY_ID),
    "SELECT * FROM users WHERE id = $1 + $2": ("lookup", BY_ID),
    "SELECT id FROM users /* by id */ WHERE (id, tenant_id) = ($1, $2) -- the end": ("lookup", BY_ID),
    "SELECT u.name, r.name FROM users u LEFT JOIN roles r ON r.id = u.role_id WHERE u.id = $1": (
        "lookup", "one row at most: users by its primary key (id) and roles by its primary key (id)"),
    "SELECT * FROM users u, roles r WHERE r.id = u.role_id AND u.email = $1": (
        "lookup", "one row at most: users by its unique key (email) and roles by its primary key (id)"),
    "SELECT * FROM users u JOIN wallets w USING (id) WHERE u.id = $1": (
        "", "reads users and wallets without LIMIT, and no key leaves one row of each"),
    "SELECT * FROM users u LEFT JOIN roles r ON r.id = u.role_id AND u.id = $1": (
        "", "reads users and roles without LIMIT, and no key leaves one row of each"),
    "SELECT EXISTS (SELECT $1 FROM users WHERE email = $2)": (
        "lookup", "one row at most: users by its unique key (email)"),
    "SELECT * FROM members WHERE team_id = $1 AND user_id = $2": (
        "lookup", "one row at most: members by its primary key (team_id, user_id)"),
    "SELECT * FROM parcels WHERE id = $1": (
        "lookup", "one row at most: parcels by its primary key (id); 2 tables are named parcels"),
    "SELECT * FROM north.parcels WHERE code = $1": (
        "lookup", "one row at most: parcels by its unique key (code)"),
    # pages
    "SELECT * FROM users WHERE tenant_id = $1 ORDER BY created_at DESC LIMIT $2 OFFSET $3": ("list", LIMITED),
    "SELECT * FROM users ORDER BY id OFFSET $1 ROWS FETCH NEXT $2 ROWS ONLY": ("list", LIMITED),
    "SELECT * FROM bookings b LEFT JOIN tasks t ON t.booking_id = b.id WHERE b.id = $1 LIMIT $2": (
        "list", LIMITED),
    "(SELECT a FROM t LIMIT $1) UNION (SELECT b FROM u LIMIT $2)": (
        "list", "LIMIT bounds the rows of each of its queries"),
    "SELECT * FROM users WHERE id = $1 OR email = $2 LIMIT $3": ("list", LIMITED),
    'SELECT DISTINCT "d"."U_id" AS "ids" FROM (SELECT "U"."id" AS "U_id" FROM "users" "U") "d" LIMIT 20': (
        "list", LIMITED),
    "SELECT u.*, t.* FROM (SELECT * FROM users LIMIT $1) AS u LEFT JOIN tasks t ON t.user_id = u.id": (
        "list", "LIMIT bounds the rows of a subquery that it reads"),
    "SELECT *, count(*) OVER () AS total FROM users WHERE tenant_id = $1 LIMIT $2": (
        "list", "LIMIT bounds its rows; count(*) OVER tells of how many"),
    "SELECT * FROM users WHERE id IN ($1, $2)": (
        "list", "the rows of a list of keys: users by its primary key (id)"),
    "SELECT * FROM users WHERE id = ANY ($1)": (
        "list", "the rows of a list of keys: users by its primary key (id)"),
    "SELECT EXISTS (SELECT $1 FROM tasks WHERE booking_id = $2)": ("list", "EXISTS ends at the first row"),
    "SELECT u.id, (SELECT json_agg(t) FROM tasks t WHERE t.user_id = u.id) FROM users u LIMIT $1": (
        "list", LIMITED),
    "SELECT json_agg(p) FROM (SELECT * FROM users ORDER BY id LIMIT $1) p": (
        "list", "LIMIT bounds the rows of a subquery that it reads"),
    # sums
    'SELECT COUNT(*) AS "cnt" FROM "users" "User" WHERE "User"."tenant_id" = $1': (
        "aggregate", "aggregates: count"),
    "SELECT t.type, COUNT(*), SUM(t.amount) FROM transactions t WHERE t.a = $1 GROUP BY t.type": (
        "aggregate", "GROUP BY and aggregates: count and sum"),
    "SELECT max(created_at) FROM audit_logs": ("aggregate", "aggregates: max"),
    "SELECT percentile_cont($1) WITHIN GROUP (ORDER BY amount) FROM transactions": (
        "aggregate", "aggregates: percentile_cont"),
    "SELECT weighted_mean(a, b) FROM transactions": ("aggregate", "aggregates: weighted_mean"),
    "SELECT type FROM transactions GROUP BY type LIMIT $1": ("aggregate", "GROUP BY"),
    "SELECT DISTINCT category FROM transactions WHERE tenant_id = $1": (
        "aggregate", "DISTINCT compares all of its rows"),
    "SELECT count(*) FROM users WHERE id = $1": ("aggregate", "aggregates: count"),
    "SELECT COUNT(*) FROM (SELECT DISTINCT a FROM users) subquery": ("aggregate", "aggregates: count"),
    "SELECT u.id, (SELECT count(*) FROM tasks t WHERE t.user_id = u.id) FROM users u LIMIT $1": (
        "aggregate", "aggregates: count"),
    # analyses
    "SELECT rank() OVER (PARTITION BY tenant_id ORDER BY amount) FROM transactions": (
        "analytics", "window functions: rank"),
    "SELECT sum(amount) OVER w FROM transactions WINDOW w AS (ORDER BY id)": (
        "analytics", "window functions: sum"),
    "WITH recent AS (SELECT * FROM bookings) SELECT count(*) FROM recent": (
        "analytics", "sums up (count) over WITH queries"),
    "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t JOIN users ON true) SELECT n FROM t": (
        "analytics", "a WITH query of it refers to itself"),
    "SELECT a, sum(b) FROM t GROUP BY GROUPING SETS ((a), ())": (
        "analytics", "GROUPING SETS, CUBE or ROLLUP"),
    "SELECT a, b, sum(c) FROM t GROUP BY CUBE (a, b)": ("analytics", "GROUPING SETS, CUBE or ROLLUP"),
    "SELECT a.x, sum(d.y) FROM a JOIN b ON a.x = b.x, c LEFT JOIN d ON d.x = c.x GROUP BY a.x": (
        "analytics", "sums up (sum) over 3 joins"),
    # writes
    "INSERT INTO users (name) VALUES ($1) RETURNING id": ("write", "INSERT writes to users"),
    "UPDATE users SET name = $1 WHERE id = $2": ("write", "UPDATE writes to users"),
    "DELETE FROM transactions WHERE id > $1 AND id < (SELECT max(id) FROM transactions) - $2": (
        "write", "DELETE writes to transactions"),
    "MERGE INTO a USING b ON a.x = b.x WHEN MATCHED THEN DELETE": ("write", "MERGE writes to a"),
    "WITH gone AS (DELETE FROM a RETURNING *) SELECT * FROM gone": ("write", "a WITH query of it writes"),
    "WITH x AS (SELECT 1) INSERT INTO a SELECT * FROM x": ("write", "INSERT writes to a"),
    "COPY users (id, name) FROM STDIN": ("write", "COPY FROM writes to users"),
    # none of these
    "BEGIN": ("utility", "BEGIN is no query"),
    "SET search_path TO $1": ("utility", "SET is no query"),
    "COPY users TO STDOUT": ("utility", "COPY is no query"),
    "VACUUM ANALYZE users": ("utility", "VACUUM is no query"),
    "CREATE UNIQUE INDEX CONCURRENTLY x ON users (id)": ("utility", "CREATE INDEX is no query"),
    "FETCH FORWARD 100 FROM c": ("utility", "FETCH is no query"),
    "SELECT a INTO x FROM users": ("utility", "SELECT INTO makes a table"),
    "SELECT $1": ("utility", "it reads no table"),
    "SELECT nextval($1)": ("utility", "it reads no table"),
    "SELECT current_timestamp, pg_advisory_xact_lock($1)": ("utility", "it reads no table"),
    "WITH x AS (SELECT 1) SELECT * FROM x FOR UPDATE": ("utility", "it reads no table"),
    "SELECT relname FROM pg_catalog.pg_class JOIN pg_namespace ON true WHERE oid = $1": (
        "utility", "it reads the system catalogue only"),
    "SELECT * FROM information_schema.tables": ("utility", "it reads the system catalogue only"),
    "": ("utility", "there is no statement in it"),
    "-- nothing": ("utility", "there is no statement in it"),
    # reads that nothing bounds
    "SELECT * FROM tasks WHERE booking_id = $1": (
        "", "reads tasks by booking_id, which is no key of it, without LIMIT"),
    "SELECT balance FROM wallets WHERE user_id = $1 AND tenant_id = $2": (
        "", "reads wallets by user_id and tenant_id, which are no key of it, without LIMIT"),
    "SELECT * FROM members WHERE team_id = $1": (
        "", "reads members by team_id, which is no key of it, without LIMIT"),
    "SELECT * FROM south.parcels WHERE code = $1": (
        "", "reads parcels by code, which is no key of it, without LIMIT"),
    "SELECT * FROM parcels WHERE code = $1": (
        "", f"reads parcels by code, {UNSURE}; 2 tables are named parcels"),
    "SELECT * FROM people WHERE id = $1": (
        "", f"reads people by id, {UNSURE}; people is a view, whose keys cannot be known"),
    "SELECT * FROM users": ("", "reads users as a whole, without LIMIT"),
    "SELECT * FROM users LIMIT ALL": ("", "reads users as a whole, without LIMIT"),
    "SELECT * FROM users WHERE id = $1 OR email = $2": (
        "", "reads users by no column that is compared with a constant, without LIMIT"),
    "SELECT * FROM users WHERE NOT (id = $1)": (
        "", "reads users by no column that is compared with a constant, without LIMIT"),
    "SELECT * FROM users WHERE id > $1": ("", "reads users by id, which is no key of it, without LIMIT"),
    "SELECT * FROM users WHERE id::text = $1": (
        "", "reads users by no column that is compared with a constant, without LIMIT"),
    "SELECT * FROM users WHERE id = random() * $1": (
        "", "reads users by no column that is compared with a constant, without LIMIT"),
    "SELECT * FROM users WHERE id = (SELECT max_id FROM x)": (
        "", "reads users by no column that is compared with a constant, without LIMIT"),
    "SELECT *, (SELECT a FROM tasks WHERE x = u.id) FROM users u WHERE id = $1": (
        "", "reads users by a key, and in subqueries what may be many rows"),
    "SELECT a FROM users UNION SELECT a FROM tasks": ("", "combines queries without LIMIT"),
    "SELECT * FROM my_report($1)": ("", "calls my_report, and what that reads cannot be seen"),
    "SELECT pg_sleep($1)": ("", "calls pg_sleep, and what that reads cannot be seen"),
    "SELECT 'LIMIT 5', \"limit\", $tag$ GROUP BY $tag$ FROM users WHERE a = '''OR' AND b = E'\\' LIMIT'": (
        "", "reads users by a and b, which are no key of it, without LIMIT"),
    # no statements
    "SELECT * FROM users WHERE name = 'secret": (
        "", "its text does not parse: unterminated quoted string at character 34"),
    "\x00\x01\ufffd": ("", "its text holds a zero byte"),
    "\x01\x7f\ufffd'": ("", "its text does not parse: syntax error at character 1"),
    "SELECT 1; SELECT 2": ("", "its text holds 2 statements"),
    "INSERT INTO users VALUES " + ", ".join(["($1)"] * 2_000): (
        "write", "begins with INSERT; its text is longer than 10,000 characters"),
    "SELECT " + ", ".join(["a"] * 400_000): ("", "its text is longer than 10,000 characters"),
    "SELECT " + "(" * 4_000 + "1" + ")" * 4_000: (
        "", "its text is nested 4,000 deep, and more than 150 are not looked at"),
    "SELECT * FROM tasks WHERE " + " AND ".join(["a"] * 1_600): (
        "", "reads tasks by a, which is no key of it, without LIMIT"),
    "SELECT " + "CASE WHEN a THEN " * 400 + "1" + " END" * 400: (
        "", "its text is nested 400 deep, and more than 150 are not looked at"),
    "SELECT 1" + "+1" * 4_000: (
        "", "its text chains 4,000 operators, and more than 400 are not looked at"),
}  # fmt: skip


@pytest.fixture(scope="module")
def shapes() -> dict[str, Shape | Unparsed]:
    """The shapes of all texts of the table, found by one child."""
    texts = list(TABLE)
    found = asyncio.run(Parser().shapes(texts))
    return dict(zip(texts, found, strict=True))


@pytest.mark.parametrize(("text", "expected"), TABLE.items(), ids=[text[:60] for text in TABLE])
def test_class_and_reason(text: str, expected: tuple[str, str], shapes: dict[str, Shape | Unparsed]) -> None:
    """Each statement falls into the class that a person would give it, and says why."""
    label = Classifier(RULES).label(text, shapes[text], HERE, Runner("app", "erp"))

    assert (label.group, label.why) == expected


async def labelled(
    text: str, rules: QueryRules = RULES, sight: Sight = HERE, runner: Runner = NOBODY
) -> Label:
    """Return the label of one text."""
    shape = (await Parser().shapes([text]))[0]
    return Classifier(rules).label(text, shape, sight, runner)


async def test_without_a_catalogue_only_names_tell_keys() -> None:
    """In another database `id` and `user_id` of `users` are taken for the key, and that is said."""
    by_id = await labelled("SELECT * FROM users WHERE id = $1", sight=ELSEWHERE)
    by_name = await labelled("SELECT * FROM users WHERE user_id = $1", sight=ELSEWHERE)
    by_email = await labelled("SELECT * FROM users WHERE email = $1", sight=ELSEWHERE)

    assert (by_id.group, by_id.why) == (
        "lookup",
        (
            "one row at most: users by its presumed key (id); "
            "the catalogue of database shop cannot be read from here"
        ),
    )
    assert by_name.group == "lookup"
    assert (by_email.group, by_email.why) == (
        "",
        (
            "reads users by email, which is not known to be a key of it, without LIMIT; "
            "the catalogue of database shop cannot be read from here"
        ),
    )


async def test_a_table_that_is_not_in_the_catalogue_is_judged_by_names() -> None:
    """A temporary table is in nobody's catalogue for long."""
    catalogue = Catalogue(16384, MappingProxyType({"scratch": ()}))

    label = await labelled("SELECT * FROM scratch WHERE id = $1", sight=Sight(catalogue))

    assert label.why == "one row at most: scratch by its presumed key (id); scratch is not in the catalogue"


async def test_rules_come_before_shapes_in_their_order() -> None:
    """The first class that claims a statement takes it, by pattern, tags, role or database."""
    rules = QueryRules(
        (
            QueryClass("lookup"),
            QueryClass("ledger", ("from transactions",)),
            QueryClass("screens", tags=(("controller", ("users", "book*")),)),
            QueryClass("reports", roles=("report*",), databases=("erp",)),
        )
    )
    pattern = await labelled("SELECT *\n  FROM   transactions WHERE id = $1", rules)
    tag = await labelled("SELECT 1 /* controller='bookings',action='index' */", rules)
    role = await labelled("SELECT 1", rules, runner=Runner("reporter", "erp"))
    other = await labelled("SELECT 1", rules, runner=Runner("reporter", "shop"))

    assert (pattern.group, pattern.why) == (
        "ledger",
        "claimed in budgets.yaml by a pattern of the class ledger",
    )
    assert (tag.group, tag.why) == ("screens", "claimed in budgets.yaml by the tags of the class screens")
    assert (role.group, role.why) == (
        "reports",
        "claimed in budgets.yaml by the role and the database of the class reports",
    )
    assert other.group == "utility"


async def test_own_statements_are_known_by_their_mark() -> None:
    """The collector's own statements are in no class, even where a pattern would take them."""
    label = await labelled("SELECT /* headroom */ now()", QueryRules((QueryClass("all", (".",)),)))

    assert label.group == OWN


async def test_one_shape_has_one_fingerprint() -> None:
    """Case, space, comments, parameters' numbers and the length of a list of constants are no difference."""
    texts = (
        "SELECT * FROM tasks WHERE booking_id IN ($1, $2)  AND x = $3",
        "select *\nfrom Tasks -- here\nwhere booking_id in ($1,$2,$3,$4) and x=$5 /* controller:a */",
        "SELECT * FROM tasks WHERE booking_id IN (1 /*, ... */) AND x = 'a'",
    )
    others = (
        'SELECT * FROM "Tasks" WHERE booking_id IN ($1, $2) AND x = $3',
        "SELECT * FROM tasks WHERE booking_id = ANY ($1) AND x = $2",
        "SELECT * FROM tasks WHERE booking_id = $1 AND x = $2",
        "SELECT * FROM archive.tasks WHERE booking_id IN ($1, $2) AND x = $3",
        "SELECT * FROM tasks WHERE booking_id IN ($1, $2) AND x = $3 LIMIT $4",
        "SELECT * FROM tasks WHERE booking_id IN ($1, $2) AND x = $3 OFFSET $4",
    )
    found = [
        shape.fingerprint for shape in await Parser().shapes([*texts, *others]) if isinstance(shape, Shape)
    ]

    assert len(found) == len(texts) + len(others)
    assert len(set(found[:3])) == 1
    assert len(set(found)) == 1 + len(others)


async def test_no_literal_reaches_the_fingerprint_of_what_does_not_parse() -> None:
    """A secret in an unreadable text is a constant like any other, and so is the number of rows."""
    one = await labelled("SELEKT 'first', 1 IN (1, 2) VALUES (1, 2), (3, 4)")
    two = await labelled("selekt $$second$$, 22 in (3) values (1)")
    other = await labelled("SELEKT 'first', 1 IN (1, 2) FROM x")

    assert one == two
    assert one.fingerprint != other.fingerprint


def test_rules_have_a_digest() -> None:
    """Labels of other rules are not mistaken for those of these."""
    digests = {
        Classifier(QueryRules((one,))).digest
        for one in (
            QueryClass("ledger", ("x",)),
            QueryClass("ledger", roles=("x",)),
            QueryClass("ledger", databases=("x",)),
            QueryClass("ledger", tags=(("x", ("x",)),)),
            QueryClass("ledger"),
        )
    }

    assert len(digests) == 5
    assert Classifier(QueryRules((QueryClass("ledger", ("x",)),))).digest in digests


async def test_why_needs_no_server() -> None:
    """Of any text it can be asked where it belongs, and what only a catalogue could tell is said."""
    label = await why("SELECT * FROM users WHERE email = $1", RULES)

    assert (label.group, label.why) == (
        "",
        "reads users by email, which is not known to be a key of it, without LIMIT; no catalogue was asked",
    )


@pytest.mark.parametrize(
    ("text", "group"),
    [
        ("PREPARE one (int) AS SELECT * FROM users WHERE id = $1", "lookup"),
        ("PREPARE many AS SELECT * FROM users ORDER BY id LIMIT $1", "list"),
        ("PREPARE add AS INSERT INTO users (name) VALUES ($1)", "write"),
        ("SELECT * FROM (SELECT * FROM items LIMIT 3) x, tasks", ""),
        ("SELECT * FROM (SELECT * FROM items LIMIT 3) x", "list"),
    ],
)
async def test_what_is_prepared_and_what_is_limited(text: str, group: str) -> None:
    """The server counts EXECUTE under the text of PREPARE; a limit of one source does not bound another."""
    assert (await why(text, RULES)).group == group
