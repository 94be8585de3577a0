"""What holds of every name, predicate and index, whatever is in it."""

from __future__ import annotations

import re
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from headroom.audit.conditions import asked, compares
from headroom.audit.facts import Index, Key
from headroom.audit.fit import fit
from headroom.audit.names import LONGEST, free_name, quoted, shown
from headroom.audit.past import Past, dump, load, used
from headroom.audit.predicate import FALSE, NOT_NULL, TRUE, meaning, without_constants
from headroom.audit.wanted import REQUIRED, Wanted
from tests.collectors_postgres.server import Server

from .facts import AT, BEGAN, case, index

NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=15)
WANTED = st.sampled_from(REQUIRED)
FORMS = {
    FALSE: [
        "({0} = false)",
        "(NOT {0})",
        "({0} <> true)",
        "((false = {0}))",
        "(NOT ({0} = true))",
        "(({0})::boolean = false)",
        "(NOT ({0})::boolean)",
    ],
    TRUE: ["{0}", "({0})::boolean", "({0} = true)", "({0} <> false)", "(NOT (NOT {0}))"],
    NOT_NULL: ["({0} IS NOT NULL)"],
}


def exact(wanted: Wanted) -> Index:
    """Return the index that the guide writes down."""
    keys = tuple(Key(one, "", one in wanted.downwards, one in wanted.downwards) for one in wanted.columns)
    predicate = f"({wanted.predicate})" if wanted.only else ""
    return Index("public", wanted.table, "any", keys, predicate=predicate)


@given(NAMES)
def test_a_quoted_name_is_one_line_of_what_can_be_seen(name: str) -> None:
    """Nothing in a name reaches a screen or ends a comment."""
    for written in (quoted(name), shown(name)):
        assert all(sign.isprintable() or sign == " " for sign in written)
        assert len(written.splitlines()) == 1


def test_the_server_reads_a_quoted_name_as_it_was(cluster: Server) -> None:
    """Every sign, also those that a screen does not show."""
    names = ['a"b', "a\nb", "a\\b", "a\\\nb", 'U&"x', "\u202ea\u2028", "\U000e0001", "Ü ", "'", "%s", ";--"]
    columns = ", ".join(f"1 AS {quoted(name)}" for name in names)

    rows = cluster.run(
        f"SELECT k FROM (SELECT {columns}) AS t, "
        "json_object_keys(row_to_json(t)) WITH ORDINALITY AS o (k, n) ORDER BY n"
    )
    assert [key for (key,) in rows] == names


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=80), st.integers(0, 5))
def test_a_free_name_fits_and_is_free(wanted: str, tries: int) -> None:
    """It never has more bytes than PostgreSQL keeps: it would cut it, and meet another."""
    taken: frozenset[str] = frozenset()
    for _ in range(tries):
        name = free_name(wanted, taken, "_new")
        assert len(name.encode()) <= LONGEST
        assert name not in taken
        taken |= {name}


@given(st.sampled_from(sorted(FORMS)), st.data(), NAMES)
def test_one_meaning_of_many_forms(meant: str, data: st.DataObject, column: str) -> None:
    """However deep the parentheses, and whatever the column is called."""
    form = data.draw(st.sampled_from(FORMS[meant]))
    deep = data.draw(st.integers(0, 3))
    name = '"' + column.replace('"', '""') + '"'
    text = "(" * deep + form.format(name.replace("{", "{{").replace("}", "}}")) + ")" * deep
    kept = " ".join(name.split()) == name

    assert not kept or meaning(text.replace("{{", "{").replace("}}", "}")) == (column, meant)


@given(
    st.sampled_from(
        ["a = {}", '"it\'s" = {}::text', "(lower(b1) || {}) = {}", "c IN ({}, {})", "x1 <> ({})"]
    ),
    st.one_of(
        st.text("ab\\'\"() ", max_size=9).map(lambda text: "'" + text.replace("'", "''") + "'"),
        st.floats(0, 1e30, allow_nan=False).map(lambda number: f"{number:.15g}"),
        st.integers(0, 10**30).map(str),
    ),
)
def test_no_constant_is_told(form: str, constant: str) -> None:
    """Whatever a string or a number holds, it is a dot-dot-dot; names stay."""
    assert without_constants(form.replace("{}", constant)) == form.replace("{}", "…")


def test_what_is_no_constant_is_told() -> None:
    """Names, also those with figures or quotes in them, and the three words that tell nothing."""
    plain = """((t1.a2 IS NOT NULL) AND ("it's 7" = false) AND (é1 OR true) AND (x$1 IS NULL))"""

    assert without_constants(plain) == plain
    assert without_constants("a = 'never ended") == "a = …"
    assert without_constants("(a)::numeric(10,2) = E'x' OR b = B'01' OR c = -1.5e-7") == (
        "(a)::numeric(…,…) = … OR b = … OR c = -…"
    )


@given(st.text(max_size=60))
def test_any_text_is_borne(text: str) -> None:
    """No predicate and no statement is too strange."""
    meaning(text)
    without_constants(text)
    compares(text, "transactions", "tenant_id")
    asked(text, "transactions", "is_deleted")


@given(WANTED)
def test_what_the_guide_writes_fits(wanted: Wanted) -> None:
    """And so does the same read backwards."""
    right = exact(wanted)
    turned = tuple(Key(one.column, "", not one.descending, not one.nulls_first) for one in right.keys)
    for each in (right, Index("public", wanted.table, "any", turned, predicate=right.predicate)):
        found = fit(each, wanted)
        assert (found.faults, found.doubts, found.remarks, found.unread) == ((), (), (), False)


@given(WANTED, st.data())
def test_any_single_change_is_noticed(wanted: Wanted, data: st.DataObject) -> None:
    """Another order, column, direction, method, class, collation or predicate: something is said."""
    right = exact(wanted)
    place = data.draw(st.integers(0, len(right.keys) - 1))
    key = right.keys[place]
    keys = list(right.keys)
    change = data.draw(
        st.sampled_from(["column", "missing", "nulls", "opclass", "collation", "method", "predicate"])
    )
    method, predicate = right.method, right.predicate
    if change == "column":
        keys[place] = Key("other")
    elif change == "missing":
        del keys[place]
    elif change == "nulls":
        keys[place] = Key(key.column, "", key.descending, not key.nulls_first)
    elif change == "opclass":
        keys[place] = Key(key.column, "", key.descending, key.nulls_first, opclass="text_pattern_ops")
    elif change == "collation":
        keys[place] = Key(key.column, "", key.descending, key.nulls_first, collation="C")
    elif change == "method":
        method = data.draw(st.sampled_from(["hash", "brin", "gin", "gist", "spgist"]))
    else:
        predicate = "(x > 1)" if not wanted.only else data.draw(st.sampled_from(["", "(x > 1)"]))
    found = fit(Index("public", wanted.table, wanted.name, tuple(keys), method, predicate=predicate), wanted)

    assert found.faults or found.doubts


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.booleans(), st.booleans())
def test_a_difference_is_never_negative(before: int, after: int, reset: bool, rebuilt: bool) -> None:
    """Nor is it taken across a reset, or of two indexes of one name."""
    one = index("a", "title", scans=after, number=7)
    facts = case(one).facts
    past = Past(AT - timedelta(days=8), None if reset else BEGAN, {8 if rebuilt else 7: before})
    found = used(one, facts, past)

    assert (found is None) == (reset or rebuilt or after < before)
    assert found is None or found.scans == after - before


@given(st.dictionaries(st.integers(0, 2**32 - 1), st.integers(0, 2**63 - 1), max_size=5))
def test_counters_survive_the_history(scans: dict[int, int]) -> None:
    """What was dumped is loaded, for its own database only."""
    facts = case(
        *(index("a", "title", number=number, scans=count) for number, count in scans.items() if number)
    ).facts
    data = dump(facts)

    assert load(AT, data, "erp") == Past(AT, BEGAN, {one.number: one.scans or 0 for one in facts.indexes})
    assert load(AT, data, "other") is None


@given(st.binary(max_size=40))
def test_bytes_of_another_release_are_no_counters(data: bytes) -> None:
    """They are left aside instead of ending the audit."""
    assert re.match(rb"\{", data) or load(AT, data, "erp") is None
