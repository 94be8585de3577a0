"""An ntfy server: what its JSON publishing takes, and the words of its refusals.

After https://docs.ntfy.sh/publish/#publish-as-json.
"""

import json
import re
import time
from typing import Any

from demo.receivers.web import Arrival, Reply, Service

LONGEST_MESSAGE = 4096  # bytes; what is longer becomes an attachment, which this server takes none of
FIELDS: dict[str, type] = {
    **dict.fromkeys(("topic", "message", "title", "click", "icon", "attach", "filename"), str),
    **dict.fromkeys(("delay", "email", "call"), str),
    "tags": list,
    "actions": list,
    "priority": int,
    "markdown": bool,
}
_TOPIC = re.compile(r"[-_A-Za-z0-9]{1,64}")


class Ntfy(Service):
    """One server; `token` is demanded where it is set, and messages are what its topics show."""

    def __init__(self, token: str = "", port: int = 0) -> None:
        super().__init__(port)
        self.token = token
        self.host = self.origin.removeprefix("http://")
        self.messages: list[dict[str, Any]] = []

    def answer(self, arrival: Arrival) -> Reply:
        """Returns ntfy's answer and keeps what it takes."""
        body = arrival.body
        if self.token and arrival.headers.get("authorization") != f"Bearer {self.token}":
            return _refuse(401, 40101, "unauthorized")
        if arrival.path != "/":
            return _refuse(404, 40401, "page not found")
        code, problem = _problem(body)
        if problem:
            return _refuse(400, code, f"invalid request: {problem}")
        self.messages.append(body)
        said = {"id": f"m{len(self.messages)}", "time": int(time.time()), "event": "message", **body}
        return Reply(200, json.dumps(said), (("Content-Type", "application/json"),))


def _problem(body: Any) -> tuple[int, str]:
    """Returns the number and the words of the first thing that ntfy refuses."""
    fields: dict[str, Any] = body if isinstance(body, dict) else {"": None}
    if not all(name in FIELDS and isinstance(value, FIELDS[name]) for name, value in fields.items()):
        return 40017, "request body must be message JSON"
    if not _TOPIC.fullmatch(fields.get("topic", "")):
        return 40009, "topic invalid"
    if fields.get("priority", 3) not in range(1, 6):
        return 40007, "priority invalid"
    if len(fields.get("message", "").encode()) > LONGEST_MESSAGE:
        return 40014, "attachments not allowed"
    return 0, ""


def _refuse(status: int, code: int, error: str) -> Reply:
    said = {"code": code, "http": status, "error": error, "link": "https://ntfy.sh/docs/publish/"}
    return Reply(status, json.dumps(said), (("Content-Type", "application/json"),))
