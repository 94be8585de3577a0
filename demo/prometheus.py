"""The demo's own Prometheus and node_exporter."""

import asyncio
import json
from pathlib import Path

from demo.ports import LOOPBACK, listens, says_ready
from demo.processes import Child, Children, Launch

SCRAPE_INTERVAL = "2s"
JOBS = ("erp", "node")
# Named one by one: the defaults read much that no budget needs, and fail where there is no systemd.
COLLECTORS = ("cpu", "diskstats", "filesystem", "loadavg", "meminfo", "pressure", "stat", "uname", "vmstat")


async def start_node_exporter(binary: Path, logs: Path, children: Children) -> tuple[Child, int]:
    """Starts node_exporter and returns it with its port.

    Raises:
        DemoError: it did not come up; the message names the log.
    """

    def launch_on(port: int) -> Launch:
        flags = ("--collector.disable-defaults", *(f"--collector.{name}" for name in COLLECTORS))
        address = f"--web.listen-address={LOOPBACK}:{port}"
        return Launch(
            "node_exporter",
            (str(binary), *flags, "--web.disable-exporter-metrics", address, "--log.level=warn"),
            logs / "node_exporter.log",
        )

    async def is_ready(child: Child, port: int) -> bool:
        return listens(child.pid, port)

    return await children.start_on_a_port(launch_on, is_ready)


async def start_prometheus(binary: Path, folder: Path, logs: Path, children: Children) -> tuple[Child, int]:
    """Starts Prometheus, which keeps its data in `folder`, and returns it with its port.

    It takes up new targets every five seconds only, so it starts first and is told them when they are there.

    Raises:
        DemoError: it did not come up; the message names the log.
    """
    configuration = await asyncio.to_thread(_configure, folder)

    def launch_on(port: int) -> Launch:
        flags = (
            f"--config.file={configuration}",
            f"--storage.tsdb.path={folder / 'data'}",
            "--storage.tsdb.retention.time=6h",
            f"--web.listen-address={LOOPBACK}:{port}",
            "--log.level=warn",
        )
        return Launch("prometheus", (str(binary), *flags), logs / "prometheus.log", cwd=folder)

    async def is_ready(child: Child, port: int) -> bool:
        return listens(child.pid, port) and says_ready(port)

    return await children.start_on_a_port(launch_on, is_ready)


def set_targets(folder: Path, ports: dict[str, int]) -> None:
    """Tells the Prometheus of this folder the port of each job in JOBS."""
    for job in JOBS:
        draft = folder / f"{job}.draft"
        draft.write_text(json.dumps([{"targets": [f"{LOOPBACK}:{ports[job]}"]}]))
        draft.replace(folder / f"{job}.json")  # it is read at any moment, so never half written


def _configure(folder: Path) -> Path:
    folder.mkdir(mode=0o700)
    jobs = "".join(f"  - {{job_name: {job}, file_sd_configs: [{{files: [{job}.json]}}]}}\n" for job in JOBS)
    configuration = folder / "prometheus.yml"
    configuration.write_text(
        f"global: {{scrape_interval: {SCRAPE_INTERVAL}, scrape_timeout: {SCRAPE_INTERVAL}}}\n"
        f"scrape_configs:\n{jobs}"
    )
    return configuration
