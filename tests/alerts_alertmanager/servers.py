"""Real Alertmanagers for the tests, which can be killed and started again, and what their webhook tells."""

from __future__ import annotations

import json
import os
import shutil
import ssl
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Any, Self
from urllib.error import URLError
from urllib.request import Request, urlopen

from tests.alerts.receiver import Receiver
from tests.servers import free_place

ALERTMANAGER = Path(shutil.which("prometheus-alertmanager") or "/usr/bin/prometheus-alertmanager")
_PATIENCE = 20.0
_ANY = ssl._create_unverified_context()


@dataclass
class Server:
    """One Alertmanager with a webhook as its receiver; `start` again goes on with the same folder and port.

    Attributes:
        grouped: labels that it groups by; "..." makes a group of every alert.
        inhibits: its inhibit_rules.
        certificate, key: with them it answers by TLS only.
    """

    folder: Path
    webhook: str
    place: str = field(default_factory=free_place)
    grouped: Sequence[str] = ("...",)
    inhibits: Sequence[dict[str, Any]] = ()
    flags: Sequence[str] = ("--cluster.listen-address=",)
    certificate: Path | None = None
    key: Path | None = None
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"http{'s' if self.certificate else ''}://{self.place}"

    def start(self) -> None:
        """Run it until `kill`, and return when it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / "alertmanager.yml"
        route = {
            "receiver": "hook",
            "group_by": list(self.grouped),
            "group_wait": "0s",
            "group_interval": "1s",
            "repeat_interval": "4h",
        }
        hook = {"name": "hook", "webhook_configs": [{"url": self.webhook}]}
        config.write_text(
            json.dumps({"route": route, "receivers": [hook], "inhibit_rules": list(self.inhibits)})
        )
        web = self.folder / "web.yml"
        tls = {"tls_server_config": {"cert_file": str(self.certificate), "key_file": str(self.key)}}
        web.write_text(json.dumps(tls if self.certificate else {}))
        log = self.folder / "alertmanager.log"
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [
                    str(ALERTMANAGER),
                    f"--config.file={config}",
                    f"--storage.path={self.folder / 'data'}",
                    f"--web.listen-address={self.place}",
                    f"--web.config.file={web}",
                    *self.flags,
                ],
                stdout=output,
                stderr=output,
                env={**os.environ, "GOMAXPROCS": "1"},
            )
        deadline = monotonic() + _PATIENCE
        while not self._ready():
            assert self.process.poll() is None, f"it went away: {log.read_text()[-600:]}"
            assert monotonic() < deadline, f"it was not ready: {log.read_text()[-600:]}"
            threading.Event().wait(0.03)

    def stop(self) -> None:
        """End it in order: it writes down what it has sent."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)

    def kill(self) -> None:
        """End it at once."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)

    def forget(self) -> None:
        """Take its data away."""
        shutil.rmtree(self.folder / "data", ignore_errors=True)

    def alerts(self) -> list[dict[str, Any]]:
        """Return what fires there."""
        with urlopen(f"{self.url}/api/v2/alerts", timeout=5, context=_ANY) as answer:
            found: list[dict[str, Any]] = json.loads(answer.read())
            return found

    def silence(self, ends: str, **labels: str) -> str:
        """Set a silence there, and return its id."""
        matchers = [
            {"name": name, "value": value, "isRegex": False, "isEqual": True}
            for name, value in labels.items()
        ]
        body = {
            "matchers": matchers,
            "startsAt": "2020-01-01T00:00:00Z",
            "endsAt": ends,
            "createdBy": "alice",
            "comment": "we know",
        }
        request = Request(
            f"{self.url}/api/v2/silences", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urlopen(request, timeout=5) as answer:
            return str(json.loads(answer.read())["silenceID"])

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def _ready(self) -> bool:
        try:
            with urlopen(f"{self.url}/-/ready", timeout=1, context=_ANY) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False


def hook(receiver: Receiver) -> list[tuple[str, str, str]]:
    """Return what the webhook was told: status, budget (or name of the alert) and severity of each alert."""
    return [
        (
            alert["status"],
            alert["labels"].get("budget", alert["labels"]["alertname"]),
            alert["labels"]["severity"],
        )
        for arrival in list(receiver.arrivals)
        for alert in json.loads(arrival.body)["alerts"]
    ]
