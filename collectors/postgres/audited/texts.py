"""What the texts of statements say to the audit: their shapes, and so much of them as may be shown."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from collectors.postgres.audited.shapes import shape_of
from collectors.postgres.audited.workload import Known
from collectors.postgres.parsing import Parser, Shape, Unparsed
from collectors.postgres.parsing.parser import ParserError
from collectors.postgres.redaction import redacted
from collectors.postgres.statements import MARKER
from collectors.postgres.tokens import normalised


class Texts:
    """Reads texts in the parser's own process.

    Attributes:
        why: why no text could be parsed at all; empty where that went well.
    """

    def __init__(self, parser: Parser | None = None) -> None:
        self.why = ""
        self._parser = parser or Parser()

    async def __call__(self, texts: Sequence[str]) -> list[Known]:
        """Return what each text says, in their order."""
        shapes: list[Shape | Unparsed] = []
        try:
            shapes = await self._parser.shapes(texts)
        except ParserError as error:
            self.why = str(error)
        given_up = [Unparsed("was not parsed")] * (len(texts) - len(shapes))
        return [_known(text, shape) for text, shape in zip(texts, [*shapes, *given_up], strict=True)]


def _known(text: str, shape: Shape | Unparsed) -> Known:
    shown, own = redacted(text), MARKER in text
    if isinstance(shape, Unparsed):
        # As it is known elsewhere, so that the finding leads to the statement's page.
        digest = hashlib.sha256(normalised(text).encode(errors="replace")).hexdigest()[:16]
        return Known(digest, shown, None, own)
    return Known(shape.fingerprint, shown, shape_of(shape), own)
