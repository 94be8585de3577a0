"""Patterns of silences, routes and maintenance: `*` is any text, and every other sign is itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from headroom.budgets import Severity
from headroom.config import load
from headroom.routing import Route, Told
from headroom.silences import Matcher
from tests.alerts_people.stage import CHANNELS, firing, staged

TOLD = Told("api.login", Severity.WARNING, "identity [EU]", "erp-cache")


@pytest.mark.parametrize("text", ["[::1]:6379", "node[1]", "/a?b", "[!a]", "a\nb", "a.b+(c)|$"])
def test_a_subject_is_described_by_its_own_name(text: str) -> None:
    """Who copies the name of an instance from an alert means that very one."""
    matcher = Matcher(labels=(("instance", text),))

    assert matcher.takes("i", TOLD, (("instance", text),))
    assert not matcher.takes("i", TOLD, (("instance", f"{text}0"),))


@pytest.mark.parametrize(("pattern", "text"), [("/a?b", "/aXb"), ("node[1]", "node1"), ("a.b", "aXb")])
def test_no_other_sign_is_special(pattern: str, text: str) -> None:
    """A question mark or a bracket keeps nothing quiet that it does not name."""
    assert not Matcher(labels=(("instance", pattern),)).takes("i", TOLD, (("instance", text),))


def test_a_star_is_any_text() -> None:
    """Also none, over lines, and more than one of them; a label that there is not is empty."""
    for pattern in ("[::1]:*", "*:6379", "*::*6*", "*", "[::1]:6379*"):
        assert Matcher(labels=(("instance", pattern),)).takes("i", TOLD, (("instance", "[::1]:6379"),))
    assert Matcher(labels=(("instance", "*"),)).takes("i", TOLD, ())


def test_routes_read_patterns_alike() -> None:
    """An owner with brackets in its name is told."""
    assert Route(("chat",), owners=("identity [EU]",)).takes(TOLD)
    assert Route(("chat",), owners=("identity [*",)).takes(TOLD)
    assert not Route(("chat",), owners=("identity [A-Z][A-Z]",)).takes(TOLD)


def test_an_owner_with_brackets_is_found_in_the_file(tmp_path: Path) -> None:
    """A route and a silence that name it are no slip of the pen."""
    stage = staged(tmp_path, CHANNELS.replace("[chat, mail]}", '[chat, mail], owners: ["identity [EU]"]}'))
    stage.path.write_text(stage.path.read_text().replace("owner: identity", 'owner: "identity [EU]"'))
    stage.record(firing(subject=(("instance", "[::1]:6379"),)))

    assert load(stage.path, {}).routes[0].owners == ("identity [EU]",)
    result = stage.run(
        "silence", "--owner", "identity [EU]", "--label", "instance=[::1]:6379", "--for", "2h",
        "--comment", "deploy", "--by", "Ada",
    )  # fmt: skip
    assert "it keeps quiet 1 of 1 that are open" in result.output
    stage.history.close()
