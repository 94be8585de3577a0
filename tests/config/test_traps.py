"""Files that are no budgets.yaml at all, or are meant to do harm."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from headroom.config import ConfigError, load
from headroom.config.document import parse

GOOD = (Path(__file__).parent / "good.yaml").read_text()


def refused(path: Path) -> str:
    """Return what is said of a file, with its path shortened to its name."""
    with pytest.raises(ConfigError) as error:
        load(path, {})
    return str(error.value).replace(str(path), path.name)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            b"version: 1\n" + b"#" * 1024 * 1024,
            "a file that is larger than 1024 KiB; allowed: at most 1024 KiB of text",
        ),
        (b"version: 1\n# caf\xe9\n", "a file that is not UTF-8; allowed: UTF-8 text"),
        (b"version: 1\ntitle: \x07\n", "a control character; allowed: printable text"),
    ],
)
def test_what_is_no_text(content: bytes, said: str, tmp_path: Path) -> None:
    """Too much, another encoding and control characters are refused, with the line where there is one."""
    path = tmp_path / "b.yaml"
    path.write_bytes(content)
    line = "2:" if b"caf" in content or b"\x07" in content else ""
    assert refused(path) == f"b.yaml:{line} found {said}"


def test_a_missing_file(tmp_path: Path) -> None:
    """A missing file says how to get one."""
    assert refused(tmp_path / "b.yaml") == (
        "b.yaml: found a file that is missing; allowed: an existing file; "
        "`headroom init` writes one, --config FILE names another"
    )


def test_a_folder_and_a_pipe(tmp_path: Path) -> None:
    """A folder is no file, and a pipe that nobody writes to is not waited for."""
    os.mkfifo(tmp_path / "pipe")
    assert refused(tmp_path).endswith(": found a file that is a directory; allowed: a file")
    assert refused(tmp_path / "pipe") == "pipe: found a file that is no regular file; allowed: a file"


def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    """What the operating system refuses is said in its words."""
    path = tmp_path / "loop.yaml"
    path.symlink_to(path)
    assert refused(path) == (
        "loop.yaml: found a file that is unreadable (too many levels of symbolic links); "
        "allowed: a file that this user may read"
    )


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    """Some editors put a mark before the first character."""
    path = tmp_path / "b.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    assert load(path, {}).text == GOOD


def test_texts_stay_texts() -> None:
    """What other readers of YAML take for a truth value, a time of day or a date is read as written."""
    document = parse("a: [no, on, 12:30, 2026-04-08, 0o17, 1_000, .5, 7, true, ~, '7']\n")
    assert document.value == {
        "a": ["no", "on", "12:30", "2026-04-08", "0o17", "1_000", 0.5, 7, True, None, "7"]
    }


def test_lines_are_those_of_the_keys() -> None:
    """A problem is shown at the line of its key, also where the value stands further down."""
    document = parse("a:\n  b:\n    - x\n    -\n      c: 1\n")
    lines = {key: document.line(key) for key in ((), ("a",), ("a", "b"), ("a", "b", 1), ("a", "b", 1, "c"))}
    assert lines == {(): 1, ("a",): 1, ("a", "b"): 2, ("a", "b", 1): 5, ("a", "b", 1, "c"): 5}
    assert document.line(("a", "b", 1, "missing")) == 5


def test_aliases_of_harmless_size_work(tmp_path: Path) -> None:
    """An anchor may be used more than once, as long as it stays small."""
    path = tmp_path / "b.yaml"
    path.write_text(
        GOOD.replace("limits:", "limits: &limits")
        + GOOD.split("budgets:\n")[1].replace("api.login", "api.read").split("    limits:")[0]
        + "    limits: *limits\n"
    )
    assert [budget.limits[0].threshold for budget in load(path, {}).budgets] == [0.2, 0.2]


@pytest.mark.parametrize(
    "content",
    [
        "[" * 1_000_000,
        "{" * 1_000_000,
        "- " * 500_000,
        'a: "' + "${" * 500_000 + '"',
        'a: "' + "://a:b@" * 140_000 + '"',
        "a: 1\n" * 19_000,
        "".join(f"key{i}: 1\n" for i in range(19_000)),
        "budgets:\n" + "- {id: a, title: 3}\n" * 6_000,
    ],
    ids=["lists", "mappings", "items", "references", "addresses", "repeated", "unknown", "budgets"],
)
def test_hostile_files_are_refused_quickly(content: str, tmp_path: Path) -> None:
    """A file within the size limit cannot keep the reader busy, nor flood the screen."""
    path = tmp_path / "b.yaml"
    path.write_text(content)
    started = time.process_time()
    said = refused(path)
    assert time.process_time() - started < 5
    assert len(said.splitlines()) <= 51
    assert len(said) < 50_000


def test_a_message_is_harmless_to_a_terminal(tmp_path: Path) -> None:
    """Escape sequences and letters that turn the line around are shown, not sent."""
    path = tmp_path / "b.yaml"
    path.write_text(GOOD.replace("200ms", '"\\e[2J\\u202e200ms"').replace("title:", '"ti\\etle":'))
    said = refused(path)
    assert '"\\x1b[2J\\u202e200ms", which is not a duration' in said
    assert 'budgets[0]["ti\\x1btle"]: found an unknown key' in said
    assert said.replace("\n", "").isprintable()
