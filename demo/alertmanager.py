"""The demo's own Alertmanager, where one is installed: it hands what it is told on to a webhook."""

import asyncio
import json
from pathlib import Path

from demo.ports import LOOPBACK, listens, says_ready
from demo.processes import Child, Children, Launch

MISSING = (
    "prometheus-alertmanager is not installed: the demo goes on without that channel "
    "(Debian package prometheus-alertmanager)."
)


async def start_alertmanager(
    binary: Path, folder: Path, logs: Path, children: Children, hook: str
) -> tuple[Child, int]:
    """Starts Alertmanager, which keeps its data in `folder`, and returns it with its port.

    Raises:
        DemoError: it did not come up; the message names the log.
    """
    configuration = await asyncio.to_thread(_configure, folder, hook)

    def launch_on(port: int) -> Launch:
        flags = (
            f"--config.file={configuration}",
            f"--storage.path={folder / 'data'}",
            f"--web.listen-address={LOOPBACK}:{port}",
            "--cluster.listen-address=",  # or it would talk to others of its kind, beyond the loopback
            "--log.level=warn",
        )
        return Launch("alertmanager", (str(binary), *flags), logs / "alertmanager.log", cwd=folder)

    async def is_ready(child: Child, port: int) -> bool:
        return listens(child.pid, port) and says_ready(port)

    return await children.start_on_a_port(launch_on, is_ready)


def _configure(folder: Path, hook: str) -> Path:
    folder.mkdir(mode=0o700)
    route = {
        "receiver": "hook",
        "group_by": ["..."],
        "group_wait": "0s",
        "group_interval": "5s",
        "repeat_interval": "4h",
        # It fires for as long as Headroom works: what listens for it is another dead-man's switch.
        "routes": [{"matchers": ['alertname="Watchdog"'], "receiver": "nobody"}],
    }
    receivers = [{"name": "hook", "webhook_configs": [{"url": hook}]}, {"name": "nobody"}]
    configuration = folder / "alertmanager.yml"
    configuration.write_text(json.dumps({"route": route, "receivers": receivers}))  # JSON is YAML
    return configuration
