"""Words from sources, such that programs that show them make no link or mention of them."""

from __future__ import annotations

import re

_SCHEME = re.compile(r"(?i)\b(?:[a-z][a-z0-9+.-]*:(?=//)|(?:mailto|tel):(?=\S))")
_HOST = re.compile(r"(?i)\bwww\.(?=\w)")
_MENTION = re.compile(r"@(?=[\w&!])")


def unlinked(text: str) -> str:
    """Return text in which web addresses stand apart: "https: //evil.example" is readable, and no link."""
    return _HOST.sub(r"\g<0> ", _SCHEME.sub(r"\g<0> ", text))


def unmentioned(text: str) -> str:
    """Return text that calls nobody: a chat would make a mention of "@everyone", and none of "@ everyone"."""
    return _MENTION.sub("@ ", text)


def web_address(text: str) -> str:
    """Return a text that is one whole web address, or an empty one."""
    return text if re.fullmatch(r"https?://[!#-;=?-~]{1,1900}", text) else ""
