"""Where the server programs are, and which Debian package brings one that is missing."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from demo.errors import MissingServerError

DEBIAN_POSTGRES = Path("/usr/lib/postgresql")
OLDEST_POSTGRES = 15


@dataclass(frozen=True, slots=True)
class Binaries:
    """The server programs.

    `postgres` is the folder of initdb and postgres; `alertmanager` is None where it is not installed, for the
    demo can do without it.
    """

    postgres: Path
    redis: Path
    prometheus: Path
    node_exporter: Path
    setpriv: Path
    alertmanager: Path | None = None


def find_binaries(path: str | None = None, postgres_root: Path = DEBIAN_POSTGRES) -> Binaries:
    """Finds every program that the demo starts.

    Args:
        path: where to look, as in the variable PATH, which is the default.
        postgres_root: a folder with one folder for each major version of PostgreSQL, as Debian lays it out.

    Raises:
        MissingServerError: something is not installed; one sentence names every missing package.
    """
    postgres = _newest_postgres(postgres_root)
    redis = shutil.which("redis-server", path=path)
    prometheus = shutil.which("prometheus", path=path)
    node_exporter = shutil.which("prometheus-node-exporter", path=path)
    setpriv = shutil.which("setpriv", path=path)
    if postgres and redis and prometheus and node_exporter and setpriv:
        alertmanager = shutil.which("prometheus-alertmanager", path=path)
        return Binaries(
            *(postgres, Path(redis), Path(prometheus), Path(node_exporter), Path(setpriv)),
            alertmanager=Path(alertmanager) if alertmanager else None,
        )
    packages = {
        f"postgresql-{OLDEST_POSTGRES} (or newer)": postgres,
        "redis-server": redis,
        "prometheus": prometheus,
        "prometheus-node-exporter": node_exporter,
        "util-linux": setpriv,
    }
    missing = ", ".join(package for package, found in packages.items() if not found)
    raise MissingServerError(
        f"The demo needs servers that are not installed: install the Debian packages {missing}, "
        "or run `make setup`, which does it."
    )


def _newest_postgres(root: Path) -> Path | None:
    versions = {int(folder.name): folder / "bin" for folder in root.glob("*") if folder.name.isdigit()}
    for version in sorted(versions, reverse=True):
        if version >= OLDEST_POSTGRES and (versions[version] / "postgres").is_file():
            return versions[version]
    return None
