"""Whatever is done to a file, it is read, or refused in words."""

from __future__ import annotations

import re
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headroom.config import ConfigError, Problem, load

HERE = Path(__file__).parent
FILES = (HERE / "good.yaml", HERE / "alerts.yaml", HERE.parents[1] / "budgets.yaml")
TEXTS = [path.read_text() for path in FILES]
JUNK = [
    "{}",
    "[]",
    "null",
    "3",
    "true",
    '""',
    "x",
    "[1, 2]",
    "{a: b}",
    "*x",
    "&x",
    "!t",
    "-",
    "\t",
    "${A}",
    "${",
    "1e99",
    "'",
]


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """Draw a file with some of its words replaced and some of its lines lost, doubled or moved."""
    lines = draw(st.sampled_from(TEXTS)).splitlines()
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(lines) - 1))
        match draw(st.sampled_from(["word", "value", "lose", "double", "indent"])):
            case "word":
                words = list(re.finditer(r"[^\s,{}\[\]:]+", lines[place]))
                if words:
                    word = draw(st.sampled_from(words))
                    new = draw(st.sampled_from(JUNK) | st.text(max_size=5))
                    lines[place] = lines[place][: word.start()] + new + lines[place][word.end() :]
            case "value":
                lines[place] = f"{lines[place].partition(':')[0]}: {draw(st.sampled_from(JUNK))}"
            case "lose" if len(lines) > 1:
                del lines[place]
            case "double":
                lines.insert(place, draw(st.sampled_from(lines)))
            case _:
                lines[place] = " " * draw(st.integers(0, 6)) + lines[place].strip()
    return "\n".join(lines)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=damaged())
def test_a_damaged_file(text: str, tmp_path: Path) -> None:
    """No damage leads to any other error, to a message without its parts, or to a secret in it."""
    path = tmp_path / "budgets.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    problems, said = refusal(path)
    assert all(problem.found and problem.allowed for problem in problems)
    assert bool(problems) == bool(said)
    assert "p0ison" not in said


def refusal(path: Path) -> tuple[tuple[Problem, ...], str]:
    """Return what is said of a file; nothing where it is good."""
    try:
        load(path, {"A": "p0ison"})
    except ConfigError as error:
        return error.problems, str(error)
    return (), ""
