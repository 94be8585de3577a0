"""Certificates made by openssl, good ones and bad ones, for servers on the loopback."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

_EC = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


@dataclass(frozen=True)
class Pair:
    """A certificate and its key."""

    cert: Path
    key: Path


@dataclass(frozen=True)
class Authority:
    """Somebody who issues certificates."""

    folder: Path
    name: str

    @classmethod
    def founded(cls, folder: Path, name: str) -> Authority:
        """Make an authority with a certificate of its own."""
        _openssl(
            *("req", "-x509", *_EC, "-days", "2", "-subj", f"/CN={name}"),
            *("-addext", "basicConstraints=critical,CA:true"),
            *("-keyout", f"{folder / name}.key", "-out", f"{folder / name}.pem"),
        )
        return cls(folder, name)

    @property
    def cert(self) -> Path:
        """What to trust."""
        return self.folder / f"{self.name}.pem"

    def issue(self, name: str, *, names: str = "IP:127.0.0.1,DNS:localhost", days: int = 2) -> Pair:
        """Make a certificate for `names`, valid for so many days; of less than none, expired ones."""
        stem = self.folder / name
        _openssl("req", *_EC, "-subj", f"/CN={name}", "-keyout", f"{stem}.key", "-out", f"{stem}.csr")
        (self.folder / f"{name}.ext").write_text(f"subjectAltName={names}\n")
        _openssl(
            *(
                "x509",
                "-req",
                "-in",
                f"{stem}.csr",
                "-CA",
                str(self.cert),
                "-CAkey",
                f"{self.folder / self.name}.key",
            ),
            *("-CAcreateserial", "-days", str(days), "-extfile", f"{stem}.ext", "-out", f"{stem}.pem"),
        )
        return Pair(stem.with_suffix(".pem"), stem.with_suffix(".key"))


def encrypted(key: Path) -> Path:
    """Return a copy of a key that wants a password."""
    copy = key.with_suffix(".encrypted")
    _openssl("ec", "-in", str(key), "-aes128", "-passout", "pass:secret", "-out", str(copy))
    return copy


def _openssl(*words: str) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True, timeout=20)
