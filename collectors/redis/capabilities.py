"""What a server lets this user ask beside INFO: asked once, and not again where it says no.

A refused command is an error more in the server's own statistics, and a line in its ACL log.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from redis import exceptions
from redis.asyncio.connection import AbstractConnection

from collectors.redis import wire
from collectors.redis.replies import Reply, TooLargeError

AGAIN = 3600.0
"""Seconds after which a refused command is tried once more: somebody may have granted it."""

_LOST = {
    "CONFIG GET": "the settings cannot be audited",
    "SLOWLOG GET": "no slow commands by name",
    "LATENCY HISTOGRAM": "no P95/P99 of commands, only their mean",
    "COMMANDLOG GET": "no slow commands by name",
    "MEMORY USAGE": "no memory by key policy",
    "SCAN": "how long keys live cannot be audited",
    "PTTL": "how long keys live cannot be audited",
}
_OF_CLUSTER = "the other nodes of the cluster cannot be found"
_WITH_SUBCOMMANDS = frozenset(
    {"CONFIG", "SLOWLOG", "LATENCY", "COMMANDLOG", "MEMORY", "CLUSTER", "ACL", "CLIENT"}
)

# What says how the keyspace or the server stands, and nothing of what is allowed.
_PASSING = (
    exceptions.AskError,
    exceptions.MovedError,
    exceptions.TryAgainError,
    exceptions.ClusterDownError,
    exceptions.ClusterCrossSlotError,
    exceptions.MasterDownError,
    exceptions.OutOfMemoryError,
)
_BUSY = re.compile("^(BUSY|MISCONF|NOREPLICAS|UNBLOCKED) ")
# Redis 6 lets the command itself say that it lacks a subcommand, and counts that as executed.
_UNEXECUTED = re.compile("no permissions|^unknown (sub)?command|^wrong number", re.IGNORECASE)
_SUBCOMMAND_OF_6 = "Unknown subcommand or wrong number"
_UNKNOWN = re.compile(r"^unknown (sub)?command|^Unknown subcommand", re.IGNORECASE)
_OFF = re.compile("cluster support disabled")


class _Refusal(NamedTuple):
    said: str
    until: float


@dataclass(slots=True)
class Capabilities:
    """What one server refused this user, for as long as that may be believed.

    Attributes:
        user: the ACL user, for what would grant a command.
        executed: how many of the commands that were asked here the server counts in its own statistics.
        clock: monotonic seconds.
    """

    user: str
    clock: Callable[[], float] = time.monotonic
    executed: int = 0
    _run: str = ""
    _refused: dict[str, _Refusal] = field(default_factory=dict)

    @property
    def denied(self) -> Mapping[str, str]:
        """What is refused, by command, and one sentence each: what is lost and what grants it."""
        now = self.clock()
        return {command: one.said for command, one in self._refused.items() if one.until > now}

    def of_run(self, run: str) -> None:
        """Forget what another server, or an earlier start of this one, refused.

        Args:
            run: the server's run_id.
        """
        if run != self._run:
            self._run = run
            self._refused.clear()

    def allows(self, *words: str | bytes) -> bool:
        """Tell whether asking this is worth while: it was not refused lately."""
        refusal = self._refused.get(command_of(words))
        return refusal is None or refusal.until <= self.clock()

    async def ask(self, connection: AbstractConnection, *words: str | bytes) -> Reply:
        """Return the answer to one optional command; None where it is, or was, refused.

        The words are the command and its arguments, such as "CONFIG", "GET", "maxmemory". Raises the driver's
        exceptions where the connection is lost or the server is in no state to answer.
        """
        return (await self.ask_all(connection, [words]))[0]

    async def ask_all(
        self, connection: AbstractConnection, commands: Sequence[Sequence[str | bytes]]
    ) -> list[Reply]:
        """Return the answers to optional commands that are sent in one go, as `ask` does.

        The server executes them without anybody else's in between, so that they tell of one moment.
        """
        asked = [place for place, words in enumerate(commands) if self.allows(*words)]
        answers: list[Reply] = [None] * len(commands)
        if not asked:
            return answers
        await wire.send(connection, [commands[place] for place in asked])
        failure: exceptions.ResponseError | None = None
        for place in asked:
            command = command_of(commands[place])
            try:
                answers[place] = await wire.receive(connection)
                self.executed += 1
            except TooLargeError:
                # Its rest would pass for other answers; the driver connects anew with the next command.
                await connection.disconnect(nowait=True)
                self.executed += 1
                self._refuse(
                    command, f"{command} gives more than is read of one answer: {lost_without(command)}"
                )
                break
            except exceptions.ResponseError as error:
                said = str(error)
                if isinstance(error, _PASSING) or _BUSY.search(said):
                    failure = failure or error
                    continue
                self.executed += said.startswith(_SUBCOMMAND_OF_6) or not _UNEXECUTED.search(said)
                self._refuse(command, self._sentence(command, error))
        if failure is not None:
            raise failure
        return answers

    def _refuse(self, command: str, said: str) -> None:
        self._refused[command] = _Refusal(said, self.clock() + AGAIN)

    def _sentence(self, command: str, error: exceptions.ResponseError) -> str:
        said, lost = str(error), lost_without(command)
        if isinstance(error, exceptions.NoPermissionError):
            if "access" in said and "key" in said:
                return (
                    f'{command} is not allowed on all keys for user "{self.user}": {lost}; '
                    f"ACL SETUSER {self.user} %R~* (~* before Redis 7)"
                )
            right = command.lower().replace(" ", "|")
            return (
                f'{command} is not allowed for user "{self.user}": {lost}; ACL SETUSER {self.user} +{right}'
            )
        if _OFF.search(said):
            return f"{command} tells nothing: the server is not part of a cluster"
        if _UNKNOWN.search(said):
            return (
                f"{command} is unknown to this server, which is too old for it, or whose operator renamed "
                f"it or switched it off: {lost}"
            )
        return f"{command} is answered with an error: {lost}"  # its words may hold a key's name


def command_of(words: Sequence[str | bytes]) -> str:
    """Return the command and, where it has some, the subcommand: what rights are given for."""
    first, *rest = (_text(word).upper() for word in words[:2])
    return " ".join([first, *rest]) if first in _WITH_SUBCOMMANDS else first


def lost_without(command: str) -> str:
    """Return what cannot be told without a command."""
    return _LOST.get(command, _OF_CLUSTER if command.startswith("CLUSTER") else "what it tells is missing")


def _text(word: str | bytes) -> str:
    return word if isinstance(word, str) else word.decode("utf-8", "replace")
