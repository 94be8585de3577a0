"""The upload endpoint: bounded in size, in number and in what a name may be."""

import asyncio
import hashlib
import re
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from demo.session import answer, session_of

LARGEST_BYTES = 1024 * 1024
MOST_FILES = 64
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,40}\.[a-z0-9]{1,8}", re.ASCII)


async def upload(request: Request) -> Response:
    """POST /files/{name}: stores the body under the name, over what was there."""
    await session_of(request)
    name = request.path_params["name"]
    if not _NAME.fullmatch(name):
        raise HTTPException(400, "a name such as invoice-12.pdf was expected")
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > LARGEST_BYTES:
            raise HTTPException(413, f"more than {LARGEST_BYTES} bytes")
    if not await asyncio.to_thread(_store, request.app.state.files, name, bytes(content)):
        raise HTTPException(507, f"more than {MOST_FILES} files")
    return answer({"name": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}, 201)


def _store(folder: Path, name: str, content: bytes) -> bool:
    path = folder / name
    if not path.exists() and sum(1 for _ in folder.iterdir()) >= MOST_FILES:
        return False
    path.write_bytes(content)
    return True
