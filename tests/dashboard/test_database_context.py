"""What stands with a statement: a reason that holds here, the way back, and the findings on its tables."""

from __future__ import annotations

import re
from dataclasses import replace

from dashboard import findings, statement_table
from dashboard.statement_link import back
from dashboard.workload import Key, Line, Sum, chosen
from headroom.audit.finding import Finding
from headroom.bounds import Interval
from headroom.checks import State
from headroom.evidence import Moments
from headroom.statements import NO_CLASS, Statement


def line(statement: Statement) -> Line:
    """Return a line of class lookup, of 10 calls of 20 ms."""
    done = Sum(Moments(10, 0.2, 0.0), None, Interval(0.1, 0.1))
    return Line(Key("lookup", "erp", "aa"), done, 0.01, 0.5, (0.02,) * 10, statement)


def table(*found: Line) -> str:
    """Return the table of some lines."""
    return statement_table.table(found, base="", source="erp-db", period="1h")


def words(html: str) -> str:
    """Return a piece of HTML without its tags."""
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def test_a_reason_for_another_class_is_not_told() -> None:
    """The class is of a database, the reason of the shape: where they differ, it is no reason here."""
    known = Statement("db", "aa", "list", "a page of rows", "SELECT 1")
    other = line(known)
    assert "SELECT 1 in erp 100 ms" in words(table(other))
    assert 'title=""' in table(other)
    none = replace(other, key=other.key._replace(group=NO_CLASS))
    assert "SELECT 1 in erp · in no class here 100 ms" in words(table(none))
    assert chosen([other, none], "", "", "page") == []
    assert chosen([other, none], "", "", "here") == [none]
    mine = replace(none, statement=replace(known, group="", why="it has no shape"))
    assert "in erp · it has no shape" in words(table(mine))


def test_a_link_keeps_what_the_list_was_filtered_by() -> None:
    """So that the statement's page leads back to the same list; nothing else of the address is kept."""
    kept = {"class": "list", "database": "a&b", "q": "from orders"}
    known = Statement("s", "aa", "lookup", "by its key", "SELECT 1")
    html = statement_table.table([line(known)], base="", source="s", period="1h", kept=kept)
    assert (
        "/statement?source=s&amp;statement=aa&amp;w=1h&amp;class=list&amp;database=a%26b&amp;q=from+orders"
    ) in html
    params = {"source": "other", "statement": "aa", "w": "1h", **kept, "b": "x"}
    assert back(params, "s") == {"source": "s", **kept}
    assert back({}, "") == {}


def test_findings_on_its_tables_stand_with_a_statement() -> None:
    """Those that need mending, in its schema where it names one; its own come first, each once."""

    def on(table: str, state: State = State.FAIL, **more: str) -> Finding:
        subject = tuple(sorted({"schema": "public", "table": table, **more}.items()))
        return Finding("r", subject, state, "", f"on {table}")

    own = on("orders", State.PASS, statement="aa")
    all_of_them = [
        on("orders"),
        on("lines", State.WARN),
        on("orders", State.PASS),
        on("customers"),
        Finding("s", (("setting", "work_mem"),), State.FAIL, "", "low"),
        own,
        on("elsewhere"),
    ]
    traits = (("tables", "orders,public.lines,other.elsewhere"),)
    known = Statement("db", "aa", "list", "", "", traits)

    assert findings.naming(all_of_them, "aa", known) == [own, all_of_them[0], all_of_them[1]]
    assert findings.naming(all_of_them, "aa", None) == [own]
    assert findings.naming(all_of_them, "aa", replace(known, traits=())) == [own]


def test_a_finding_on_an_index_names_it_in_its_title() -> None:
    """Several indexes lack in the same words; where the words name it already, it is not said twice."""
    subject = (("index", "idx_<b>"), ("table", "orders"))
    lacking = Finding("r", subject, State.FAIL, "", "public.orders has no such index")
    assert "fail idx_&lt;b&gt;: public.orders has no such index index" in words(findings.finding(lacking, ""))
    named = Finding("r", (("index", "idx_a"),), State.FAIL, "", "the index idx_a is not valid")
    assert "fail The index idx_a is not valid" in words(findings.finding(named, ""))
