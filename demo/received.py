"""What a webhook of an alert must look like, and the sentence that tells of it."""

import json
from typing import Any, NoReturn

KEYS = ("incident", "budget", "status")
LONGEST_WORD = 80


class BadAlertError(ValueError):
    """What was posted is no alert; the message is the answer."""


def read_alert(raw: bytes) -> dict[str, Any]:
    """Reads the body of a webhook: a JSON object with incident, budget and status, each text, number or null.

    Raises:
        BadAlertError: it is something else.
    """
    try:
        body = json.loads(raw, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise BadAlertError(f"not JSON: {error}") from None
    if not isinstance(body, dict):
        raise BadAlertError("not a JSON object")
    for key in KEYS:
        if key not in body:
            raise BadAlertError(f"the key {key} is missing")
        if isinstance(body[key], dict | list):
            raise BadAlertError(f"{key} is neither text nor a number")
    try:
        json.dumps(body, allow_nan=False)
    except ValueError:
        raise BadAlertError("a number is too large") from None
    return {key: body[key] for key in KEYS} | body


def sentence(alert: dict[str, Any]) -> str:
    """Returns the alert in one line that is safe to print."""
    statistic = f" {_plain(alert['statistic'])}" if isinstance(alert.get("statistic"), str) else ""
    return (
        f"Alert received: {_plain(alert['budget'])}{statistic} is {_plain(alert['status'])} "
        f"(incident {_plain(alert['incident'])})"
    )


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _plain(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return "".join(character if character.isprintable() else "?" for character in text[:LONGEST_WORD])
