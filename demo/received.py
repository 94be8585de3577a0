"""What a webhook of alerts must look like, and the sentence that tells of one."""

import json
from typing import Any, NoReturn

from demo.inbox import plain

KEYS = ("incident", "budget", "status")


class BadAlertError(ValueError):
    """What was posted is no alert; the message is the answer."""


def read_alerts(raw: bytes) -> list[dict[str, Any]]:
    """Reads the body of a webhook: one alert, or an object whose `alerts` are several.

    An alert is a JSON object with incident, budget and status, each text, number or null.

    Raises:
        BadAlertError: it is something else.
    """
    try:
        body = json.loads(raw, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise BadAlertError(f"not JSON: {error}") from None
    try:
        json.dumps(body, allow_nan=False)
    except ValueError:
        raise BadAlertError("a number is too large") from None
    several = isinstance(body, dict) and isinstance(body.get("alerts"), list)
    return [_alert(each) for each in (body["alerts"] if several else [body])]


def sentence(alert: dict[str, Any]) -> str:
    """Returns the alert in one line that is safe to print."""
    statistic = f" {plain(alert['statistic'])}" if isinstance(alert.get("statistic"), str) else ""
    return (
        f"Alert received: {plain(alert['budget'])}{statistic} is {plain(alert['status'])} "
        f"(incident {plain(alert['incident'])})"
    )


def _alert(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise BadAlertError("not a JSON object")
    for key in KEYS:
        if key not in body:
            raise BadAlertError(f"the key {key} is missing")
        if isinstance(body[key], dict | list):
            raise BadAlertError(f"{key} is neither text nor a number")
    return {key: body[key] for key in KEYS} | body


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
