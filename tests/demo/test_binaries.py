"""Finding the server programs."""

from pathlib import Path

import pytest

from demo.binaries import find_binaries
from demo.errors import MissingServerError


def install(folder: Path, *names: str) -> None:
    """Puts empty programs into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).touch(mode=0o755)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A folder with all programs but PostgreSQL's."""
    install(tmp_path / "bin", "redis-server", "prometheus", "prometheus-node-exporter", "setpriv")
    return tmp_path / "bin"


def test_newest_postgres(path: Path, tmp_path: Path) -> None:
    """Of several versions the highest number is taken, not the last in the alphabet, nor one half removed."""
    for version in ("9", "15", "17"):
        install(tmp_path / "pg" / version / "bin", "postgres")
    (tmp_path / "pg" / "18" / "bin").mkdir(parents=True)

    assert find_binaries(str(path), tmp_path / "pg").postgres == tmp_path / "pg" / "17" / "bin"


def test_postgres_too_old(path: Path, tmp_path: Path) -> None:
    """PostgreSQL 14 does not count."""
    install(tmp_path / "pg" / "14" / "bin", "postgres")

    with pytest.raises(MissingServerError) as caught:
        find_binaries(str(path), tmp_path / "pg")

    assert str(caught.value) == (
        "The demo needs servers that are not installed: install the Debian packages "
        "postgresql-15 (or newer), or run `make setup`, which does it."
    )


def test_one_missing(path: Path, tmp_path: Path) -> None:
    """Only what is missing is named."""
    install(tmp_path / "pg" / "15" / "bin", "postgres")
    (path / "prometheus").unlink()

    with pytest.raises(MissingServerError) as caught:
        find_binaries(str(path), tmp_path / "pg")

    assert str(caught.value) == (
        "The demo needs servers that are not installed: install the Debian packages prometheus, "
        "or run `make setup`, which does it."
    )


def test_alertmanager_may_be_missing(path: Path, tmp_path: Path) -> None:
    """The demo can do without it, and takes it where it is."""
    install(tmp_path / "pg" / "15" / "bin", "postgres")
    assert find_binaries(str(path), tmp_path / "pg").alertmanager is None

    install(path, "prometheus-alertmanager")
    found = find_binaries(str(path), tmp_path / "pg")
    assert found.alertmanager == path / "prometheus-alertmanager"
