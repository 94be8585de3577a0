"""What of a text may be kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pglast import parser as oracle

from collectors.postgres.redaction import redacted
from collectors.postgres.tokens import normalised, pieces
from headroom.statements import LONGEST

SECRET = "hunter2"
MD5 = "md5d41d8cd98f00b204e9800998ecf8427e"
SCRAM = "SCRAM-SHA-256$4096:hunter2==$hunter2:hunter2="
URI = "postgresql://bob:hunter2@10.0.0.7/erp"

PLANTED = {
    # spellings of constants
    "SELECT a FROM t WHERE b = 'hunter2'": "SELECT a FROM t WHERE b = $?",
    "SELECT a FROM t WHERE b = E'x\\'hunter2'": "SELECT a FROM t WHERE b = $?",
    "SELECT a FROM t WHERE b = U&'\\0068unter2 hunter2' UESCAPE '!'": "SELECT a FROM t WHERE b = …",
    "SELECT a FROM t WHERE b = U&'hunter2' UESCAPE '!'": "SELECT a FROM t WHERE b = $? UESCAPE $?",
    "SELECT a FROM t WHERE b = $$hunter2$$": "SELECT a FROM t WHERE b = $?",
    "SELECT a FROM t WHERE b = $q$hun'ter2 $$ hunter2$q$": "SELECT a FROM t WHERE b = $?",
    "SELECT a FROM t WHERE b = $\U0001f600$hunter2$\U0001f600$": "SELECT a FROM t WHERE b = $?",
    "SELECT a FROM t WHERE b = N'hunter2' AND c = X'1F' AND d = b'01'": (
        "SELECT a FROM t WHERE b = $? AND c = $? AND d = $?"),
    "SELECT a FROM t WHERE b = 'it''s hunter2'": "SELECT a FROM t WHERE b = $?",
    "SELECT a FROM t WHERE b = 'one'\n'hunter2'": "SELECT a FROM t WHERE b = $? $?",
    "SELECT a FROM t WHERE b = 4111111111111111 OR c = 1.5e10 OR d = 0xFF": (
        "SELECT a FROM t WHERE b = $? OR c = $? OR d = $?"),
    # comments
    "SELECT a /* bob's hunter2 /* nested */ hunter2 */ FROM t -- hunter2": "SELECT a FROM t",
    "SELECT a FROM t /*controller='hunter2'*/": "SELECT a FROM t",
    # what cannot be told apart is dropped
    "SELECT a FROM t WHERE b = 'hunter2": "SELECT a FROM t WHERE b = …",
    "SELECT a FROM t WHERE b = 'x\\' OR hunter2 = 'y'": "SELECT a FROM t WHERE b = …",
    "SELECT a FROM t WHERE b = $$hunter2": "SELECT a FROM t WHERE b = …",
    "SELECT a FROM t /* hunter2": "SELECT a FROM t …",
    'SELECT "hunter2': "SELECT …",
    # statements about roles and servers
    "ALTER ROLE bob PASSWORD 'hunter2'": "ALTER ROLE …",
    "alter user bob with encrypted password $$hunter2$$": "alter user …",
    f"CREATE ROLE bob LOGIN PASSWORD '{MD5}'": "CREATE ROLE …",
    f"/* x */ CREATE USER bob PASSWORD '{SCRAM}'": "CREATE USER …",
    "CREATE GROUP staff PASSWORD 'hunter2'": "CREATE GROUP …",
    "ALTER DATABASE erp SET my.secret = hunter2": "ALTER DATABASE …",
    "CREATE USER MAPPING FOR bob SERVER s OPTIONS (password 'hunter2')": "CREATE USER …",
    "ALTER SERVER s OPTIONS (SET password 'hunter2')": "ALTER SERVER …",
    f"CREATE SUBSCRIPTION s CONNECTION '{URI}' PUBLICATION p": "CREATE SUBSCRIPTION …",
    "ALTER SYSTEM SET primary_conninfo = 'password=hunter2'": "ALTER SYSTEM …",
    "ALTER FUNCTION f() SET my.secret TO hunter2": "ALTER FUNCTION …",
    "CREATE OR REPLACE FUNCTION f() RETURNS int SET a.b = hunter2 AS $$x$$": "CREATE OR REPLACE FUNCTION …",
    "COPY t TO PROGRAM 'curl -u bob:hunter2 x'": "COPY …",
    "SET my.secret = hunter2": "SET my . secret …",
    'SET LOCAL "my"."secret" TO "hunter2"': 'SET LOCAL "my" . "secret" …',
    'LISTEN "hunter2"': "LISTEN …",
    "notify hunter2, 'hunter2'": "notify …",
    "UNLISTEN hunter2; /* x */ Notify hunter2": "UNLISTEN … Notify …",
    "SELECT 1; ALTER ROLE bob PASSWORD 'hunter2'; SELECT 2": "SELECT $?; ALTER ROLE … SELECT $?",
    # constants in other statements
    f"SELECT * FROM dblink('{URI}', 'SELECT 1') AS t (a int)": "SELECT * FROM dblink($?, $?) AS t (a int)",
    "SELECT dblink_connect('c', 'host=x password=hunter2')": "SELECT dblink_connect($?, $?)",
    "SELECT set_config('my.secret', 'hunter2', false)": "SELECT set_config($?, $?, false)",
    "DO $$ BEGIN PERFORM 'hunter2'; END $$": "DO $?",
    "COMMENT ON TABLE t IS 'hunter2'": "COMMENT ON TABLE t IS $?",
    "NOTIFY c, 'hunter2'": "NOTIFY …",
    "EXECUTE p('hunter2', 42)": "EXECUTE p($?, $?)",
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), PLANTED.items())
def test_planted_secrets_do_not_leave(text: str, expected: str) -> None:
    """However it is spelt, a secret is not in what is kept."""
    shown = redacted(text)

    assert shown == expected
    assert SECRET not in shown
    assert MD5 not in shown
    assert "4111" not in shown


def test_what_is_no_constant_stays() -> None:
    """Names, parameters, and the words true, false and null are what a statement is known by."""
    text = (
        'SELECT t."id",\n  u.name  FROM "T" t JOIN u ON u.id=t.uid WHERE gone = false AND x->>$1 = x LIMIT $2'
    )

    assert redacted(text) == (
        'SELECT t."id", u.name FROM "T" t JOIN u ON u.id=t.uid WHERE gone = false AND x->>$1 = x LIMIT $2'
    )


def test_length_and_signs_are_bounded() -> None:
    """A text of a million characters is cut, and what no screen can show is replaced."""
    long = redacted("SELECT " + "column_a, " * 100_000)

    assert len(long) <= LONGEST
    assert long.endswith(" …")
    assert redacted('SELECT "a\x1b[2Jb", \u202eevil, ' + "n" * 300) == (
        'SELECT "a\ufffd[2Jb", \ufffdevil, ' + "n" * 128 + "…"
    )


QUOTED = st.sampled_from(
    ("'{}'", "'a''{}'", "E'\\'{}'", "e'{}\\\\'", "N'{}'", "$${}$$", "$t${}$t$", "$é${}$é$", "'x'\n'{}'")
)
BETWEEN = st.lists(
    st.sampled_from(
        (
            "SELECT ",
            "a",
            " = ",
            "\n",
            "/* ' */",
            "-- '\n",
            '"q\'"',
            "$1",
            ", ",
            "(",
            ")",
            "\u00a0",
            "'b'",
            "$$c$$",
            "?",
        )
    ),
    max_size=8,
).map("".join)


@given(BETWEEN, QUOTED, BETWEEN)
def test_a_constant_never_leaves_whatever_stands_around_it(before: str, quoted: str, after: str) -> None:
    """Comments, names and other constants beside a secret do not lead the tokenizer astray."""
    text = f"{before} {quoted.format(SECRET)} {after}"

    assert SECRET not in redacted(text)


@given(st.text(alphabet="ab \n'\"$/*-().,;=E\\?1é\x00\u00a0&U", max_size=80))
def test_any_text_is_read_to_its_end(text: str) -> None:
    """No text breaks the tokenizer, and nothing of it is lost."""
    assert "".join(piece.text for piece in pieces(text)) == text
    assert len(redacted(text)) <= LONGEST
    assert isinstance(normalised(text), str)


@given(
    st.lists(
        st.sampled_from(
            (
                "'a'",
                "E'\\''",
                "$$b$$",
                "$x$c$x$",
                '"d"',
                "e",
                "1",
                "2.5",
                "$1",
                "/* f */",
                "--g\n+",
                "U&'h'",
                "\u00a0i",
                "$é$j$é$",
                "::",
                "<=",
                "x'1'",
                "N'k'",
                ";",
            )
        ),
        max_size=12,
    )
)
def test_the_server_scans_as_we_do(words: list[str]) -> None:
    """Where PostgreSQL's own scanner sees a string, so does ours."""
    text = " ".join(words)
    theirs = [
        text[token.start : token.end + 1]
        for token in oracle.scan(text)
        if token.name in {"SCONST", "USCONST", "XCONST", "BCONST"}
    ]
    ours = [piece.text for piece in pieces(text) if piece.kind == "string"]

    # The scanner takes strings on several lines for one, and N for a word of its own.
    assert [word.lstrip("N") for word in ours] == theirs


def test_deep_and_long_texts_are_cheap() -> None:
    """Neither nesting nor length leads into recursion."""
    for text in ("(" * 20_000, "/*" * 10_000, "'" * 9_999, "$$" * 5_001, '"' * 9_999, "$a$" * 3_333):
        assert len(redacted(text)) <= LONGEST
