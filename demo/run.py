"""One demo from start to end: servers, ERP, traffic, fault, and the end of every process it started."""

import asyncio
import contextlib
import json
import logging
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from demo.alertmanager import MISSING, start_alertmanager
from demo.binaries import Binaries, find_binaries
from demo.channels import Channels
from demo.effects import Servers
from demo.erp_process import start_erp
from demo.errors import DemoError, OptionError
from demo.faults import Fault, switch
from demo.inbox import Inbox
from demo.ports import LOOPBACK
from demo.postgres import Cluster, Postgres, forget_statistics, start_postgres
from demo.processes import Child, Children
from demo.prometheus import set_targets, start_node_exporter, start_prometheus
from demo.redis_server import MEMORY_LIMIT_BYTES, RedisServer, start_redis
from demo.supervision import Ending
from demo.traffic import Traffic

# All that ending may take, six processes in the worst of states, adds up to less than five seconds.
CANCEL_SECONDS = 0.5
HEAD_START_SECONDS = 0.25
PATIENCE_SECONDS = 1.0
OWN_FILES = (
    *("servers.json", "received.jsonl", "mails", "logs"),
    *("postgres", "redis", "prometheus", "alertmanager", "files"),
)

log = logging.getLogger("demo")


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks for; times in seconds, the faults one after the other."""

    folder: Path
    faults: tuple[Fault, ...]
    fault_after: float
    fault_for: float


async def run(options: Options) -> None:
    """Runs the demo until a signal or the end of standard input.

    Raises:
        DemoError: it could not start, or something that it needs ended by itself.
    """
    ending = Ending()
    ending.watch()
    binaries = find_binaries()
    logs = _prepare(options.folder)
    children = Children(binaries.setpriv, options.folder)
    async with contextlib.AsyncExitStack() as at_end:
        cluster = Cluster(options.folder, log.warning)
        at_end.callback(cluster.remove_outside)
        inbox = Inbox(options.folder / "received.jsonl", ending.say)
        channels = at_end.enter_context(Channels(inbox, options.folder / "mails"))
        at_end.push_async_callback(children.stop, HEAD_START_SECONDS, PATIENCE_SECONDS)
        demo = _Demo(options, binaries, logs, children, cluster, channels, ending.say)
        working = asyncio.create_task(demo.work())
        told = asyncio.create_task(ending.wait())
        await asyncio.wait({working, told}, return_when=asyncio.FIRST_COMPLETED)
        told.cancel()
        if working.done():
            working.result()
        log.info("%s: stopping", ending.why)
        working.cancel()
        await asyncio.wait({working}, timeout=CANCEL_SECONDS)
    log.info("stopped")


def _prepare(folder: Path) -> Path:
    if not folder.is_dir():
        raise OptionError(f"{folder} is no folder: make an empty one for the demo first.")
    left = [name for name in OWN_FILES if (folder / name).exists()]
    if left:
        raise OptionError(
            f"{folder} holds files of an earlier demo ({', '.join(left)}): give an empty folder."
        )
    logs = folder / "logs"
    logs.mkdir()
    return logs


@dataclass(frozen=True, slots=True)
class _Demo:
    options: Options
    binaries: Binaries
    logs: Path
    children: Children
    cluster: Cluster
    channels: Channels
    say: Callable[[str], None]

    async def work(self) -> None:
        """Starts everything and works until something fails."""
        sample_password = secrets.token_urlsafe(12)
        try:
            async with asyncio.TaskGroup() as starting:
                postgres_task = starting.create_task(self._start_postgres(sample_password))
                redis_task = starting.create_task(self._start_redis())
                prometheus_task = starting.create_task(self._start_prometheus())
                node_task = starting.create_task(
                    start_node_exporter(self.binaries.node_exporter, self.logs, self.children)
                )
                alertmanager_task = starting.create_task(self._start_alertmanager())
            postgres, redis = postgres_task.result(), redis_task.result()
            prometheus, prometheus_port = prometheus_task.result()
            node, node_port = node_task.result()
            alertmanager, alertmanager_url = alertmanager_task.result()
            erp, erp_port = await start_erp(
                self.options.folder / "files",
                self.logs,
                self.children,
                postgres_url=postgres.erp_url,
                redis_url=redis.erp_url,
            )
            set_targets(self.options.folder / "prometheus", {"erp": erp_port, "node": node_port})
            traffic = Traffic(erp_port, sample_password)
            await traffic.warm_up()
            await forget_statistics(postgres.owner_url)
            _publish(
                self.options.folder / "servers.json",
                {
                    "postgres": postgres.headroom_url,
                    "redis": redis.headroom_url,
                    "prometheus": f"http://{LOOPBACK}:{prometheus_port}",
                    "erp": f"http://{LOOPBACK}:{erp_port}",
                    "receiver": self.channels.webhook,
                    "channels": self.channels.addresses() | alertmanager_url,
                    "redis_memory_limit": f"{MEMORY_LIMIT_BYTES // 2**20}mb",
                    "pids": _pids(postgres.child, redis.child, node, erp, prometheus, *alertmanager),
                },
            )
            self.say("READY")
            async with asyncio.TaskGroup() as going_on:
                going_on.create_task(traffic.run())
                going_on.create_task(self._watch_children())
                going_on.create_task(self._switch(Servers(postgres, redis, erp)))
        except BaseExceptionGroup as errors:
            # The first failure is the cause; the group cancelled the rest because of it.
            raise errors.exceptions[0] from errors

    async def _start_postgres(self, sample_password: str) -> Postgres:
        return await start_postgres(
            self.binaries.postgres, self.cluster, self.logs, self.children, sample_password
        )

    async def _start_redis(self) -> RedisServer:
        return await start_redis(self.binaries.redis, self.options.folder / "redis", self.logs, self.children)

    async def _start_prometheus(self) -> tuple[Child, int]:
        folder = self.options.folder / "prometheus"
        return await start_prometheus(self.binaries.prometheus, folder, self.logs, self.children)

    async def _start_alertmanager(self) -> tuple[tuple[Child, ...], dict[str, str]]:
        if self.binaries.alertmanager is None:
            self.say(MISSING)
            return (), {}
        folder, hook = self.options.folder / "alertmanager", self.channels.alertmanager_hook
        binary = self.binaries.alertmanager
        child, port = await start_alertmanager(binary, folder, self.logs, self.children, hook)
        return (child,), {"alertmanager": f"http://{LOOPBACK}:{port}"}

    async def _watch_children(self) -> None:
        raise DemoError(await self.children.first_to_end())

    async def _switch(self, servers: Servers) -> None:
        for fault in self.options.faults:
            await switch(fault, servers, self.options.fault_after, self.options.fault_for, self.say)


def _publish(path: Path, content: dict[str, object]) -> None:
    # Whoever waits for the file must never read half of it, nor may others read the passwords in it.
    draft = path.with_suffix(".draft")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(content, indent=2) + "\n")
    draft.replace(path)


def _pids(*children: Child) -> dict[str, int]:
    return {"demo": os.getpid()} | {child.name: child.pid for child in children}
