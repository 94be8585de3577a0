"""A real start: what is published, what listens, what is told, and the fault slow-login."""

import json
import time
import urllib.error
import urllib.request
from urllib.parse import urlsplit

import psutil
import pytest

from tests.demo.started import CLASSES, FAULT_AFTER, FAULT_FOR, REQUESTS, Scrape, Started

SERVERS = ("postgres", "redis", "prometheus", "node_exporter", "alertmanager")
CHANNELS = ("mail", "slack", "teams", "pagerduty", "ntfy", "alertmanager")

pytestmark = pytest.mark.xdist_group("demo")  # one start for all of them


def test_servers_json(started: Started) -> None:
    """servers.json is readable by its owner alone and names every address, a limit and every process."""
    assert (started.demo.folder / "servers.json").stat().st_mode & 0o777 == 0o600
    assert set(started.servers) == {
        *("postgres", "redis", "prometheus", "erp", "receiver", "channels", "redis_memory_limit", "pids")
    }
    assert urlsplit(started.servers["postgres"]).username == "headroom"
    assert urlsplit(started.servers["redis"]).username == "headroom"
    pids = started.servers["pids"]
    assert set(pids) == {"demo", *SERVERS, "erp"}
    assert pids["demo"] == started.demo.process.pid
    assert all(psutil.pid_exists(pid) for pid in pids.values())
    assert {path.name for path in (started.demo.folder / "logs").iterdir()} == {
        *("initdb.log", "erp.log"),
        *(f"{name}.log" for name in SERVERS),
    }


def test_loopback_only(started: Started) -> None:
    """Every server listens on 127.0.0.1 alone, below the ephemeral ports; the receivers are in the demo."""
    for name, pid in started.servers["pids"].items():
        listening = [c.laddr for c in psutil.Process(pid).net_connections() if c.status == psutil.CONN_LISTEN]

        assert {address.ip for address in listening} == {"127.0.0.1"}, name
        assert len(listening) == (7 if name == "demo" else 1), name
        assert name == "demo" or listening[0].port < 32_768


def test_health(started: Started) -> None:
    """Both health checks answer, readiness with the state of database and cache."""
    erp = started.servers["erp"]

    assert json.load(urllib.request.urlopen(f"{erp}/health/live")) == {"status": "OK"}
    assert json.load(urllib.request.urlopen(f"{erp}/health/ready")) == {
        name: {"key": name, "status": "up"} for name in ("database", "cache")
    }


def test_alert_is_told(started: Started) -> None:
    """What is posted to the receiver is printed among the demo's other lines and written down."""
    body = json.dumps({"incident": 1, "budget": "api.read", "status": "resolved"}).encode()
    urllib.request.urlopen(started.servers["receiver"], body, timeout=5).close()

    line = started.demo.line("Alert")
    assert line == "Alert received: api.read is resolved (incident 1)"
    written = json.loads((started.demo.folder / "received.jsonl").read_text())
    assert written.pop("received_at")
    assert written == {"channel": "webhook", "incident": 1, "budget": "api.read", "status": "resolved"}


def test_every_channel_has_a_receiver(started: Started) -> None:
    """servers.json says how each is reached, and the Alertmanager leads back to the demo."""
    assert tuple(started.servers["channels"]) == CHANNELS
    configured = started.demo.folder / "alertmanager" / "alertmanager.yml"
    (hook,) = json.loads(configured.read_text())["receivers"][0]["webhook_configs"]

    refused = urllib.request.Request(hook["url"], b"{}", {"Content-Type": "application/json"})
    with pytest.raises(urllib.error.HTTPError, match="HTTP Error 400"):
        urllib.request.urlopen(refused, timeout=5)


def test_slow_login_and_back(started: Started) -> None:
    """With the fault on, logins and nothing else take 0.6 to 0.9 s; off, they are fast again."""
    started.demo.line("Fault slow-login is on for 4 s: every login takes 0.6 to 0.9 s.", FAULT_AFTER + 5)
    started.demo.line("Fault slow-login is off.", FAULT_FOR + 5)
    time.sleep(1)
    third = Scrape(started.servers["erp"])
    time.sleep(1)
    fourth = Scrape(started.servers["erp"])

    def logins(scrape: Scrape, low: str, high: str) -> float:
        return scrape.sum_of(f"{REQUESTS}_bucket", path="/auth/login", le=high) - scrape.sum_of(
            f"{REQUESTS}_bucket", path="/auth/login", le=low
        )

    # A few may be slow for another reason: the machine is shared.
    assert logins(started.second, "0.5", "1.0") < 3
    assert logins(third, "0.5", "1.0") > 0.7 * 10 * FAULT_FOR
    assert logins(fourth, "0.5", "1.0") - logins(third, "0.5", "1.0") < 3
    for method, path in {endpoint for name in CLASSES if name != "login" for endpoint in CLASSES[name]}:
        quick = third.sum_of(f"{REQUESTS}_bucket", method=method, path=path, le="0.5")
        assert quick > 0.9 * third.sum_of(f"{REQUESTS}_count", method=method, path=path)
