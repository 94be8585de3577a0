"""Steps over the keys of one server by SCAN; key names live in these functions only, and only for a step."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from random import Random
from typing import Any

from redis.exceptions import AskError, InvalidResponse, ResponseError

from collectors.redis.census.denied import Denied, of_keys
from collectors.redis.census.pace import Pace
from collectors.redis.census.session import Command, Session, size
from collectors.redis.census.state import DONE, Pass
from headroom.audit.redis.facts import BRIEF
from headroom.policies import KeyPolicy

MOST_AT_ONCE = 500
_AT_ONCE = 1 << 14
"""Bytes that a server reads and carries out at once: only of those its answer shows how long they took."""
_MILLISECOND = timedelta(milliseconds=1)
_NOT_THERE = -2
_CURSOR = re.compile(rb"[0-9]{1,20}")


class Walk:
    """Goes over the keys of one server, one step after the other.

    A step is added to the sums as a whole, or not at all: where it is broken off, the next pass asks again.
    """

    def __init__(
        self, session: Session, run: str, so_far: Pass, policies: Sequence[KeyPolicy], denied: Denied
    ) -> None:
        self.pace = Pace()
        self._session = session
        self._run = run
        self._pass = so_far
        self._prefixes = tuple(policy.prefix for policy in policies)
        self._most = tuple(None if one.most is None else one.most // _MILLISECOND for one in policies)
        self._brief = tuple(
            None if one.least is None else one.least // BRIEF // _MILLISECOND for one in policies
        )
        self._names = tuple(policy.name for policy in policies)
        self._denied = denied
        self._without_lives: set[int] = set()
        self._without_sizes: set[int] = set()
        self._tried_lives: set[int] = set()
        self._tried_sizes: set[int] = set()
        self._chance = Random()  # noqa: S311 chooses keys whose size is asked, nothing secret

    async def step(self) -> str:
        """Take one step; return why no further one should be taken, or "" where one may."""
        scan: Command = ("SCAN", self._pass.cursors[self._run], "COUNT", self.pace.count)
        try:
            (answer,) = await self._session.ask([scan])
        except InvalidResponse:
            if self.pace.shorten():
                return ""
            return "an answer to SCAN was longer than is read: keys have very long names"
        round_trip = self._session.latest
        if isinstance(answer, ResponseError):
            return self._denied.note("SCAN", answer)
        cursor, keys = _answer(answer)
        groups = self._classified(keys)
        lives = [await self._lives(number, group) for number, group in enumerate(groups)]
        there = [_there(group, answers) for group, answers in zip(groups, lives, strict=True)]
        sizes = [await self._sizes(number, group) for number, group in enumerate(there)]
        for number, tally in enumerate(self._pass.tallies):
            tally.seen += len(there[number])
            tally.sizes |= sizes[number]
            known = (life for life in lives[number] if life is not None and life != _NOT_THERE)
            tally.live(known, self._most[number], self._brief[number])
        self._pass.seen += len(keys)
        self._pass.other += len(keys) - sum(map(len, groups))
        self._pass.cursors[self._run] = DONE if cursor == "0" else cursor
        if not await self.pace.fits(self._session, round_trip):
            return f"SCAN takes more than 10 ms (p99) even for {self.pace.count} keys at once"
        return ""

    def _classified(self, keys: Sequence[bytes]) -> list[list[bytes]]:
        """Return the keys of each policy; a key belongs to the first whose prefix it has."""
        groups: list[list[bytes]] = [[] for _ in self._prefixes]
        for key in keys:
            for number, prefix in enumerate(self._prefixes):
                if key.startswith(prefix):
                    groups[number].append(key)
                    break
        return groups

    async def _lives(self, number: int, keys: Sequence[bytes]) -> list[int | None]:
        """Return what PTTL answers for each key; None for all where that is not permitted."""
        answers: list[int | None] = []
        for chunk in _pieces([("PTTL", key) for key in keys], tried=number in self._tried_lives):
            if number in self._without_lives:
                break
            self._tried_lives.add(number)
            for answer in await self._session.ask(chunk):
                answers.append(_NOT_THERE if isinstance(answer, AskError) else _whole(answer))
                if answers[-1] is None:
                    self._forgo("PTTL", number, answer, self._without_lives)
        if number in self._without_lives:
            self._pass.tallies[number].forget_lives()  # those that could be asked are no sample of all
            return [None] * len(keys)
        return answers

    async def _sizes(self, number: int, keys: Sequence[bytes]) -> dict[int, int]:
        """Return the sizes of the keys that chance chose, by slot; a key that is gone has none."""
        if number in self._without_sizes:
            return {}
        chosen = self._pass.tallies[number].chosen(keys, self._chance)
        answers: list[Any] = []
        asking: list[Command] = [("MEMORY", "USAGE", key) for key in chosen.values()]
        for chunk in _pieces(asking, tried=number in self._tried_sizes):
            if number in self._without_sizes:
                break
            self._tried_sizes.add(number)
            for answer in await self._session.ask(chunk):
                answers.append(answer)
                if isinstance(answer, ResponseError) and not isinstance(answer, AskError):
                    self._forgo("MEMORY USAGE", number, answer, self._without_sizes)
        if number in self._without_sizes:
            self._pass.tallies[number].forget_sizes()
            return {}
        found = zip(chosen, map(_whole, answers), strict=True)
        return {slot: size for slot, size in found if size is not None}

    def _forgo(self, command: str, number: int, answer: Any, without: set[int]) -> None:
        """Ask no more of what was refused: of one policy's keys, or of all where the command itself was."""
        if not isinstance(answer, ResponseError):
            raise InvalidResponse(b"no number")
        self._denied.note(command, answer, self._names[number])
        without |= {number} if of_keys(answer) else set(range(len(self._names)))


def _answer(answer: Any) -> tuple[str, list[bytes]]:
    """Return where SCAN goes on, and the keys; InvalidResponse where the answer is no such thing."""
    match answer:
        case [bytes() as cursor, list() as keys] if _CURSOR.fullmatch(cursor) and all(
            isinstance(key, bytes) for key in keys
        ):
            return cursor.decode("ascii"), keys
    raise InvalidResponse(b"no answer to SCAN")


def _there(keys: Sequence[bytes], lives: Sequence[int | None]) -> list[bytes]:
    return [key for key, life in zip(keys, lives, strict=True) if life != _NOT_THERE]


def _whole(answer: Any) -> int | None:
    return answer if isinstance(answer, int) else None


def _pieces(commands: Sequence[Command], *, tried: bool) -> Iterator[Sequence[Command]]:
    """Yield commands piece by piece: the first alone where nobody knows whether that key may be asked.

    Each refusal is an error in the server's statistics, and an entry in its ACL LOG.
    """
    piece: list[Command] = []
    room = _AT_ONCE if tried else 0
    for command in commands:
        taken = size(command)
        if piece and (taken > room or len(piece) == MOST_AT_ONCE):
            yield piece
            piece, room = [], _AT_ONCE
        piece.append(command)
        room -= taken
    if piece:
        yield piece
