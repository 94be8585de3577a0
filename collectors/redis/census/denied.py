"""What the server does not let be asked, as sentences that say what is lost and how to allow it."""

from __future__ import annotations

from redis.exceptions import NoPermissionError, ResponseError

_LOST = {
    "SELECT": "its keys were not looked at",
    "SCAN": "its keys were not looked at",
    "PTTL": "how long they live is not known",
    "MEMORY USAGE": "what they take is not known",
    "CLUSTER NODES": "its keys were not looked at",
    "CONFIG GET": "only the settings that INFO tells are known",
}
_RIGHTS = {
    "SELECT": "+select",
    "SCAN": "+scan",
    "PTTL": "+pttl",
    "MEMORY USAGE": "+memory|usage",
    "CLUSTER NODES": "+cluster|nodes",
    "CONFIG GET": "+config|get",
}


class Denied:
    """Collects each sentence once.

    What the server says itself is not passed on: it may name a key.
    """

    def __init__(self, user: str) -> None:
        self.sentences: list[str] = []
        self._user = user

    def note(self, command: str, error: ResponseError, policy: str = "") -> str:
        """Add, and return, what is lost because a command was refused for keys of a policy, or for all."""
        sentence = self._sentence(command, error, policy)
        if sentence not in self.sentences:
            self.sentences.append(sentence)
        return sentence

    def _sentence(self, command: str, error: ResponseError, policy: str) -> str:
        lost = _LOST[command]
        if not isinstance(error, NoPermissionError):
            return f"the server does not carry out {command} (renamed, switched off or too old): {lost}"
        if policy and of_keys(error):
            return (
                f'user "{self._user}" may not ask keys of policy {policy} by {command}: {lost}; '
                f"ACL SETUSER {self._user} %R~* (before Redis 7.0: ~*)"
            )
        return (
            f'user "{self._user}" may not run {command}: {lost}; ACL SETUSER {self._user} {_RIGHTS[command]}'
        )


def of_keys(error: ResponseError) -> bool:
    """Tell whether a refusal is about a key, and not about the command."""
    return isinstance(error, NoPermissionError) and " key" in str(error)
