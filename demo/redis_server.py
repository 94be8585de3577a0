"""The demo's own Redis: the guide's redis.conf with less memory, and one ACL user per role."""

import asyncio
import hashlib
import secrets
from dataclasses import dataclass
from pathlib import Path

from demo.ports import LOOPBACK, listens
from demo.processes import Child, Children, Launch

MAXMEMORY_BYTES = 64 * 1024 * 1024
MEMORY_LIMIT_BYTES = 128 * 1024 * 1024  # what its container would give it
POLICY = "allkeys-lru"

# {hash} is the SHA-256 of the password: the file itself opens nothing.
USERS = {
    "owner": "on #{hash} ~* &* +@all",
    "erp": (
        "on #{hash} ~finance:report:* ~user:session:* ~service:catalog:* ~health-check resetchannels -@all "
        "+ping +get +set +unlink +scan"
    ),
    "headroom": (
        "on #{hash} %R~* resetchannels -@all +ping +info +config|get +slowlog|get +slowlog|len "
        "+latency|latest +latency|histogram +scan +pttl +memory|usage +dbsize"
    ),
}


@dataclass(frozen=True, slots=True)
class RedisServer:
    """A running Redis, one URL per ACL user."""

    child: Child
    owner_url: str
    erp_url: str
    headroom_url: str


async def start_redis(binary: Path, folder: Path, logs: Path, children: Children) -> RedisServer:
    """Starts Redis with its persistence in `folder`.

    Raises:
        DemoError: it did not come up; the message names the log.
    """
    secret = {user: secrets.token_urlsafe(18) for user in USERS}
    configuration = await asyncio.to_thread(_configure, folder, secret)

    def launch_on(port: int) -> Launch:
        return Launch(
            "redis", (str(binary), str(configuration), "--port", str(port)), logs / "redis.log", cwd=folder
        )

    async def is_ready(child: Child, port: int) -> bool:
        return listens(child.pid, port)

    child, port = await children.start_on_a_port(launch_on, is_ready)
    urls = {user: f"redis://{user}:{secret[user]}@{LOOPBACK}:{port}/0" for user in USERS}
    return RedisServer(child, urls["owner"], urls["erp"], urls["headroom"])


def _acl_line(user: str, secret: str) -> str:
    rule = USERS[user].format(hash=hashlib.sha256(secret.encode()).hexdigest())
    return f"user {user} reset {rule}\n"


def _configure(folder: Path, secret: dict[str, str]) -> Path:
    folder.mkdir(mode=0o700)
    acl = folder / "users.acl"
    acl.write_text("user default off\n" + "".join(_acl_line(user, secret[user]) for user in USERS))
    configuration = folder / "redis.conf"
    configuration.write_text(
        f"""bind {LOOPBACK}
dir "{folder}"
aclfile "{acl}"
maxmemory {MAXMEMORY_BYTES}
maxmemory-policy {POLICY}
appendonly yes
appendfsync everysec
tcp-keepalive 300
timeout 0
tcp-backlog 511
"""
    )
    return configuration
