"""What the traffic asks for: a mix of requests per endpoint class, with ids that the sample data have."""

import json
import random
from collections import deque
from collections.abc import Callable
from datetime import date, timedelta
from itertools import cycle

from demo.http_client import Request

USERS, ACTIVE_USERS, TENANTS = 2000, 40, 8
BOOKINGS, TASKS, TRANSACTIONS = 10_000, 40_000, 240_000
FILES = 24
FILE_BYTES = (8_000, 48_000)


class Mixes:
    """An endless mix of requests per class; it remembers the bookings it made and deletes them later."""

    def __init__(self, sample_password: str) -> None:
        self._password = sample_password
        self._content = random.randbytes(FILE_BYTES[1])
        self._added: deque[tuple[int, int]] = deque(maxlen=1000)
        makers: dict[str, tuple[Callable[[], Request], ...]] = {
            "login": (self._login,),
            "read": (
                *(_transaction, _bookings, _user, _transactions, _booking_tasks, _booking_transactions),
                *(_transaction, _transactions, _user, _bookings, _wallet, _booking_transactions),
                *(_catalog, _booking_transactions, _booking_transactions, _booking_transactions),
            ),
            "write": (self._add_booking, _set_task_status, self._delete_booking, _add_transaction),
            "reports": (*(_profit_and_loss, _cash_flow, _revenue) * 2, _revenue),
            "uploads": (self._upload,),
        }
        self._cycles = {name: cycle(mix) for name, mix in makers.items()}

    def next(self, name: str) -> Request:
        """Returns the next request of a class."""
        return next(self._cycles[name])()

    def remember(self, request: Request, status: int, body: bytes) -> None:
        """Takes note of an answer."""
        if request.method == "POST" and request.path == "/bookings" and status == 201:
            self._added.append((json.loads(body)["id"], request.user))

    def _login(self) -> Request:
        email = f"user{random.randint(1, USERS)}@erp.example"
        return _json("POST", "/auth/login", 0, email=email, password=self._password)

    def _add_booking(self) -> Request:
        return _json("POST", "/bookings", _anyone(), client_name="A new client", package="portrait")

    def _delete_booking(self) -> Request:
        if not self._added:
            return self._add_booking()
        booking, user = self._added.popleft()
        return Request("DELETE", f"/bookings/{booking}", user=user)

    def _upload(self) -> Request:
        content = self._content[: random.randint(*FILE_BYTES)]
        return Request("POST", f"/files/scan-{random.randrange(FILES)}.pdf", content, _anyone())


def _json(method: str, path: str, user: int, **body: object) -> Request:
    return Request(method, path, json.dumps(body).encode(), user)


def _anyone() -> int:
    return random.randint(1, ACTIVE_USERS)


def _own(user: int, count: int) -> int:
    # In the sample data numbers that differ by a multiple of TENANTS belong to the same tenant.
    return (user - 1) % TENANTS + 1 + TENANTS * random.randrange(count // TENANTS)


def _transaction() -> Request:
    user = _anyone()
    return Request("GET", f"/transactions/{_own(user, TRANSACTIONS)}", user=user)


def _transactions() -> Request:
    before = date.today() - timedelta(days=random.randrange(300))  # noqa: DTZ011 - a day of the calendar
    return Request("GET", f"/transactions?limit=50&before={before}", user=_anyone())


def _catalog() -> Request:
    return Request("GET", "/catalog")


def _bookings() -> Request:
    return Request("GET", "/bookings?limit=200", user=_anyone())


def _booking_tasks() -> Request:
    user = _anyone()
    return Request("GET", f"/bookings/{_own(user, BOOKINGS)}/tasks", user=user)


def _booking_transactions() -> Request:
    user = _anyone()
    return Request("GET", f"/bookings/{_own(user, BOOKINGS)}/transactions", user=user)


def _user() -> Request:
    user = _anyone()
    return Request("GET", f"/users/{_own(user, USERS)}", user=user)


def _wallet() -> Request:
    user = _anyone()
    return Request("GET", f"/users/{_own(user, USERS)}/wallet", user=user)


def _set_task_status() -> Request:
    user = _anyone()
    status = random.choice(("open", "in progress", "done"))
    return _json("PATCH", f"/tasks/{_own(user, TASKS)}", user, status=status)


def _add_transaction() -> Request:
    return _json("POST", "/transactions", _anyone(), type="income", category="print", amount=1999)


def _profit_and_loss() -> Request:
    return _report("profit-and-loss")


def _revenue() -> Request:
    return _report("revenue")


def _cash_flow() -> Request:
    return _report("cash-flow")


def _report(name: str) -> Request:
    first = date.today() - timedelta(days=random.choice((365, 90)))  # noqa: DTZ011 - a day of the calendar
    return Request("GET", f"/reports/{name}?from={first}", user=_anyone())
