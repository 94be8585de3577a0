"""The webhook that an Alertmanager tells of its alerts.

After https://prometheus.io/docs/alerting/latest/configuration/#webhook_config.
"""

from typing import Any

from demo.receivers.web import Arrival, Reply, Service

VERSION = "4"


class AlertmanagerHook(Service):
    """Takes groups of alerts; `told` are those of each group that was taken, in their order."""

    def __init__(self, port: int = 0) -> None:
        super().__init__(port)
        self.url = f"{self.origin}/alertmanager"
        self.told: list[dict[str, Any]] = []

    def answer(self, arrival: Arrival) -> Reply:
        """Takes what has the form of a group."""
        match arrival.body:
            case {"version": version, "alerts": list(alerts)} if version == VERSION and all(
                map(_is_alert, alerts)
            ):
                self.told += alerts
                return Reply(200)
            case _:
                return Reply(400, "no group of alerts")


def shown(alert: dict[str, Any]) -> str:
    """Returns what people read of an alert: its summary, or its labels where it has none."""
    labels = " ".join(f"{name}={value}" for name, value in sorted(alert["labels"].items()))
    return str(alert["annotations"].get("summary") or labels)


def _is_alert(alert: Any) -> bool:
    match alert:
        case {"status": "firing" | "resolved", "labels": dict(), "annotations": dict()}:
            return True
        case _:
            return False
