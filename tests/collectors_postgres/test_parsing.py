"""The child process that parses, and what becomes of texts that it does not survive."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from contextlib import aclosing
from pathlib import Path

import psutil
import pytest

from collectors.postgres.parsing import Parser, ParserError, Shape, Unparsed
from collectors.postgres.parsing.depth import too_deep
from collectors.postgres.parsing.parser import LONGEST_PARSED
from collectors.postgres.parsing.shape import read

GOOD = "SELECT a FROM t WHERE id = $1"
SMALL_STACK = 256  # kilobytes
UNGUARDED = "import collectors.postgres.parsing.child as c; c.too_deep = lambda text: None; c.main()"
DEADLY = """
import ctypes, collectors.postgres.parsing.child as c
honest = c.shape
c.shape = lambda tree, mark: ctypes.string_at(0) if "Delete" in str(tree) else honest(tree, mark)
c.main()
"""
STAND_IN = """
import json, os, signal, sys, time
print('{"ready": true}', flush=True)
for line in sys.stdin:
    text = json.loads(line)
    if "die" in text:
        os.kill(os.getpid(), signal.SIGSEGV)
    elif "leave" in text:
        sys.exit(3)
    elif "nonsense" in text:
        print(text.partition(":")[2], flush=True)
    elif "flood" in text:
        print("x" * 3_000_000, flush=True)
    elif "hang" in text:
        time.sleep(60)
    else:
        print('{"unparsed": "answered"}', flush=True)
"""
ANSWERED = Unparsed("answered")


def stand_in(tmp_path: Path) -> Parser:
    """Return a parser whose child does what the text says."""
    script = tmp_path / "child.py"
    script.write_text(STAND_IN)
    return Parser((sys.executable, str(script)))


async def test_deep_and_long_texts_harm_no_child() -> None:
    """What would kill the parser is told by its length and depth, and its neighbours have their shapes."""
    parser = Parser()
    deadly = (
        "SELECT " + "(" * 100_000 + "1" + ")" * 100_000,
        "SELECT " + " AND ".join(["a"] * 50_000),
        "SELECT " + "CASE WHEN a THEN " * 10_000 + "1" + " END" * 10_000,
        "SELECT 1" + "+1" * 4_000,
        "SELECT " + "(" * 4_900 + "1" + ")" * 4_900,
        "x" * 1_000_000,
    )
    texts = [text for one in deadly for text in (GOOD, one)]

    shapes = await parser.shapes([*texts, GOOD])

    assert [type(shape) for shape in shapes] == [*[Shape, Unparsed] * len(deadly), Shape]
    assert parser.started == 1


async def test_a_text_that_kills_the_parser_is_the_only_one_without_a_shape() -> None:
    """The child reads memory that it has not, as a parser out of stack does: a new one goes on."""
    parser = Parser((sys.executable, "-c", DEADLY))

    shapes = await parser.shapes([GOOD, "DELETE FROM t", GOOD, "SELECT b FROM t"])

    assert [type(shape) for shape in shapes] == [Shape, Unparsed, Shape, Shape]
    assert shapes[1] == Unparsed("killed the parser (SIGSEGV)")
    assert parser.started == 2


async def test_the_parser_itself_refuses_what_is_too_deep() -> None:
    """Behind our own count stands that of the parser, whose stack may be small."""
    parser = Parser(("bash", "-c", f'ulimit -s {SMALL_STACK}; exec {sys.executable} -c "{UNGUARDED}"'))

    shapes = await parser.shapes([GOOD, "SELECT 1" + "+1" * 4_900, "SELECT 1" + "+1" * 600, GOOD])

    assert [type(shape) for shape in shapes] == [Shape, Unparsed, Unparsed, Shape]
    assert shapes[1] == Unparsed("does not parse: stack depth limit exceeded")
    assert shapes[2] == Unparsed("is nested too deeply to be looked at")
    assert parser.started == 1


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("die", "killed the parser (SIGSEGV)"),
        ("leave", "ended the parser with status 3"),
        ("flood", "gave an answer of the parser that is none"),
        ("nonsense:[1, 2]", "gave an answer of the parser that is none"),
        ('nonsense:{"kind": "select"}', "gave an answer of the parser that is none"),
        ("nonsense:" + "[" * 5_000, "gave an answer of the parser that is none"),
    ],
)
async def test_a_child_that_fails_fails_for_one_text(tmp_path: Path, text: str, why: str) -> None:
    """Whatever the child does instead of answering, the texts before and after are answered."""
    found = await stand_in(tmp_path).shapes(["one", text, "two"])

    assert found == [ANSWERED, Unparsed(why), ANSWERED]


async def test_a_child_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A text that takes for ever takes its time, and no more."""
    monkeypatch.setattr("collectors.postgres.parsing.parser._ANSWER", 0.3)
    began = time.monotonic()

    found = await stand_in(tmp_path).shapes(["one", "hang", "two"])

    assert found == [ANSWERED, Unparsed("took the parser too long"), ANSWERED]
    assert time.monotonic() - began < 10


async def test_after_many_deaths_the_rest_is_left_for_later(tmp_path: Path) -> None:
    """A load of deadly texts does not start children without end."""
    parser = stand_in(tmp_path)

    found = await parser.shapes(["die"] * 20)

    assert found == [Unparsed("killed the parser (SIGSEGV)")] * 5
    assert parser.started == 5


WITHOUT = "import sys; sys.modules['pglast'] = None; import collectors.postgres.parsing.child as c; c.main()"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("/nowhere/python",), "[Errno 2] No such file or directory: '/nowhere/python'"),
        ((sys.executable, "-c", "raise SystemExit(3)"), "ended the parser with status 3"),
        (
            (sys.executable, "-c", WITHOUT),
            "ModuleNotFoundError: import of pglast halted; None in sys.modules",
        ),
    ],
)
async def test_a_parser_that_cannot_start_says_why(command: tuple[str, ...], said: str) -> None:
    """A broken installation is no property of a text."""
    with pytest.raises(ParserError) as raised:
        await Parser(command).shapes([GOOD])

    assert str(raised.value) == f"the parser of statements could not be started: {said}"


async def test_a_runaway_is_stopped_by_the_child_itself() -> None:
    """Two seconds of processor time for one text are the end, even if nobody waits for the answer."""
    endless = "import collectors.postgres.parsing.child as c; c.PER_TEXT = 0.2; "
    endless += "c.shape = lambda tree, fingerprint: [None for _ in iter(int, 1)]; c.main()"

    found = await Parser((sys.executable, "-c", endless)).shapes([GOOD])

    assert found == [Unparsed("killed the parser (SIGPROF)")]


async def test_the_loop_stays_free_and_the_child_ends() -> None:
    """While a batch is parsed other work goes on, and after it no process is left."""
    longest, last = 0.0, time.monotonic()

    async def beat() -> None:
        nonlocal longest, last
        while True:
            await asyncio.sleep(0.005)
            now = time.monotonic()
            longest, last = max(longest, now - last), now

    beating = asyncio.ensure_future(beat())
    before = set(psutil.Process().children(recursive=True))
    shapes = await Parser().shapes([f"SELECT a{number} FROM t WHERE id = $1" for number in range(2_000)])
    beating.cancel()
    await asyncio.wait({beating})

    assert all(isinstance(shape, Shape) for shape in shapes)
    assert set(psutil.Process().children(recursive=True)) == before
    assert longest < 0.5


async def test_giving_up_ends_the_child(tmp_path: Path) -> None:
    """A poll that is cancelled leaves no process behind."""
    before = set(psutil.Process().children(recursive=True))
    task = asyncio.ensure_future(stand_in(tmp_path).shapes(["hang"]))
    async with asyncio.timeout(10):
        while set(psutil.Process().children(recursive=True)) == before:  # noqa: ASYNC110 nobody tells
            await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.wait({task})

    assert set(psutil.Process().children(recursive=True)) == before

    async with aclosing(stand_in(tmp_path).each(["one", "hang"])) as found:
        assert await anext(found) == ANSWERED
    assert set(psutil.Process().children(recursive=True)) == before


def test_the_collector_does_not_load_the_parser() -> None:
    """Its memory is the child's, and gone with it."""
    code = "import collectors.postgres, collectors.postgres.learning, sys; print('pglast' in sys.modules)"

    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert told.stdout == "False\n"


async def test_the_child_gets_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Addresses with passwords in the environment are not for a process that may dump its memory."""
    monkeypatch.setenv("HEADROOM_POSTGRES_URL", "postgresql://bob:hunter2@127.0.0.1/erp")
    told = "import json, os; print(json.dumps({'fatal': ' '.join(os.environ)}))"

    with pytest.raises(ParserError) as raised:
        await Parser((sys.executable, "-c", told)).shapes([GOOD])

    assert "PATH" in str(raised.value)
    assert "HEADROOM" not in str(raised.value)


async def test_an_error_quotes_nothing_of_the_text() -> None:
    """What does not parse may hold a secret where the parser stumbles."""
    found = await Parser().shapes(
        ["SELECT a FROM t WHERE hunter2 hunter2 'hunter2'", "ALTER ROLE x PASSWORD hunter2"]
    )

    assert found == [
        Unparsed("does not parse: syntax error at character 31"),
        Unparsed("does not parse: syntax error at character 23"),
    ]


async def test_hostile_names_are_bounded() -> None:
    """Thousands of tables, columns and long names stay what a record may hold."""
    many = "SELECT * FROM " + ", ".join(f"t{number}" for number in range(1_000))
    long = f'SELECT "{"c" * 5_000}" FROM "{"t" * 3_000}"'
    wide = "SELECT * FROM t WHERE " + " AND ".join(f"c{number} = $1" for number in range(600))

    shapes = await Parser().shapes([many, long, wide])

    first, second, third = (shape for shape in shapes if isinstance(shape, Shape))
    assert (len(first.tables), first.joins) == (64, 999)
    assert second.tables == (("", "t" * 63),)  # as the server cuts it
    assert len(third.conditions) == 64


def test_answers_are_not_trusted() -> None:
    """A record with a wrong type, a strange kind or too much in it is none."""
    good = {
        "kind": "select", "node": "SelectStmt", "fingerprint": "0" * 16, "tables": [], "sources": [],
        "unbound": [], "order": [], "conditions": [], "limit": "", "copies": "",
        **dict.fromkeys(("joins", "ctes", "subqueries", "derived", "sets", "rows"), 0),
        **{name: [] for name in ("functions", "inner", "marked", "windows")},
        **dict.fromkeys(
            ("recursive", "writes", "grouped", "grouping_sets", "distinct", "counts", "offset", "exists",
             "where", "star", "locks", "into"), False),
    }  # fmt: skip
    assert isinstance(read(good), Shape)
    for wrong in (
        {"kind": "drop"}, {"kind": []}, {"fingerprint": "xyz"}, {"tables": [["a"]]}, {"tables": [[1, 2]]},
        {"unbound": [["a"]]},
        {"functions": ["f"] * 65}, {"functions": ["f" * 65]}, {"joins": -1}, {"joins": "1"}, {"limit": "all"},
        {"conditions": [["a"]]}, {"sources": [["planet", "", "t", "t"]]},
    ):  # fmt: skip
        with pytest.raises(ValueError, match=r".+"):
            read(good | wrong)
    with pytest.raises(ValueError, match="no shape"):
        read([])


def test_depth_is_found_without_parsing() -> None:
    """Flat lists of any length pass, and what leans on itself does not."""
    assert too_deep("SELECT " + ", ".join(["a::int + 1"] * 900)) is None
    assert too_deep("SELECT 1 WHERE " + " OR ".join(["NOT a"] * 1_500)) is None
    assert too_deep("SELECT '" + "(" * 5_000 + "'") is None
    assert too_deep("SELECT " + "(" * 151 + ")" * 151) == (
        "is nested 151 deep, and more than 150 are not looked at"
    )
    assert too_deep("SELECT " + " UNION SELECT ".join(["1"] * 402)) == (
        "chains 401 operators, and more than 400 are not looked at"
    )
    assert too_deep("(" * LONGEST_PARSED) is not None
