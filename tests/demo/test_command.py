"""The command line of the demo, up to the point where it would start something."""

import subprocess
from pathlib import Path

import pytest

from demo.__main__ import parse
from demo.errors import OptionError
from demo.faults import FAULTS, find_fault
from tests.demo.running import COMMAND, ROOT

ALL_FAULTS = (
    "slow-login, missing-index, n-plus-one, offset-pagination, pool-exhaustion, redis-full, cache-flush, "
    "milliseconds, raw-urls, label-mismatch, failures-untimed, redis-limit, "
    "wrong-ttl, cache-thrash, hang-redis"
)


def demo(*arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Runs the command to its end."""
    return subprocess.run(
        [*COMMAND, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=20, check=False, env=env
    )


def test_list_faults() -> None:
    """--list-faults prints a line per fault: name, what it does and, where no alert does, what shows it."""
    result = demo("--list-faults")

    assert result.returncode == 0
    assert [line.split()[0] for line in result.stdout.splitlines()] == ALL_FAULTS.split(", ")
    assert "slow-login         every login takes 0.6 to 0.9 s.\n" in result.stdout
    unseen = [line.split()[0] for line in result.stdout.splitlines() if "No alert tells of it" in line]
    assert unseen == ["cache-flush", "label-mismatch", "redis-limit", "wrong-ttl"]
    assert "instead of one hour. No alert tells of it: it shows in `headroom audit`.\n" in result.stdout


def test_unknown_fault(tmp_path: Path) -> None:
    """A misspelt fault ends with 2 and a sentence that names the nearest and all of them."""
    result = demo("--dir", str(tmp_path), "--fault", "slow-logn")

    assert result.returncode == 2
    assert result.stderr == (
        f"There is no fault 'slow-logn'; did you mean slow-login? The faults are: {ALL_FAULTS}.\n"
    )


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_found(name: str) -> None:
    """Each fault is found by its own name."""
    assert find_fault(name).name == name


def test_no_name_is_unknown_too() -> None:
    """An empty name has a nearest fault as well, and is refused."""
    with pytest.raises(OptionError, match="There is no fault ''; did you mean "):
        find_fault("")


def test_folder_is_needed() -> None:
    """Without --dir the command ends with 2 and says what it is for."""
    result = demo()

    assert result.returncode == 2
    assert "--dir is needed: an empty folder for data, logs and servers.json" in result.stderr


@pytest.mark.parametrize("seconds", ["-1", "soon", "nan", "inf"])
def test_seconds_are_checked(seconds: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A time that is no time is refused."""
    with pytest.raises(SystemExit) as caught:
        parse([f"--fault-after={seconds}"])

    assert caught.value.code == 2
    assert f"'{seconds}' is no number of seconds from 0 to 604800" in capsys.readouterr().err


def test_missing_folder(tmp_path: Path) -> None:
    """A folder that is not there is refused, since making it is the caller's part."""
    result = demo("--dir", str(tmp_path / "nowhere"))

    assert result.returncode == 2
    assert result.stderr == f"{tmp_path}/nowhere is no folder: make an empty one for the demo first.\n"


def test_used_folder(tmp_path: Path) -> None:
    """A folder with an earlier demo in it is refused and left as it is."""
    (tmp_path / "servers.json").write_text("{}")
    result = demo("--dir", str(tmp_path))

    assert result.returncode == 2
    assert result.stderr == (
        f"{tmp_path} holds files of an earlier demo (servers.json): give an empty folder.\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["servers.json"]


def test_missing_servers(tmp_path: Path, no_servers: dict[str, str]) -> None:
    """Without the servers the command ends with 3, names every package, and starts nothing."""
    result = demo("--dir", str(tmp_path), env=no_servers)

    assert result.returncode == 3
    assert result.stderr == (
        "The demo needs servers that are not installed: install the Debian packages redis-server, "
        "prometheus, prometheus-node-exporter, util-linux, or run `make setup`, which does it.\n"
    )
    assert list(tmp_path.iterdir()) == []
