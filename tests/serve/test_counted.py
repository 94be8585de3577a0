"""What came of each attempt is counted where delivery writes it down."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from alerts.outbox import Deliverer
from headroom.alerting import Alerting
from headroom.channels import Channel, Webhook
from headroom.history import Cycle, open_history
from headroom.sources import Secret
from monitor.serve import Own
from monitor.serve.counted import Counted
from monitor.writer import Writer
from tests.alerts.receiver import Receiver, answer
from tests.history import build
from tests.serve.stage import configured
from tests.serve.test_heartbeat import until
from tests.serve.test_own import figure


async def test_attempts_are_counted_by_channel_and_result(tmp_path: Path) -> None:
    """Failed once and then sent; and refused for good."""
    with Receiver(answer(500), answer(200)) as good, Receiver(answer(404)) as bad:
        channels = tuple(
            Channel(name, Webhook(Secret(url)), digest=name)
            for name, url in (("good", good.url), ("bad", bad.url))
        )
        config = configured(tmp_path, alerting=Alerting(channels=channels))
        own, writer = Own(config), Writer()
        with open_history(config.history, collecting=True) as history:
            deliverer = Deliverer(Counted(history, own), channels, writer, spread=lambda *_: 0.05)
            delivering = asyncio.create_task(deliverer.run())
            now = datetime.now(UTC)
            notices = tuple(
                replace(build.notice(channel=each.name), created=now, next_at=now) for each in channels
            )
            history.record(Cycle(now, incidents=(build.incident(),), notices=notices))
            deliverer.wake()
            await until(lambda: figure(own, "headroom_deliveries_total", channel="good", result="sent"), 10)
            await until(lambda: figure(own, "headroom_deliveries_total", channel="bad", result="refused"), 10)
            delivering.cancel()
            with suppress(asyncio.CancelledError):
                await delivering
            await deliverer.drain(timedelta(seconds=5))
            await deliverer.close()
        writer.close()

    assert figure(own, "headroom_deliveries_total", channel="good", result="failed") == 1
    assert figure(own, "headroom_deliveries_total", channel="bad", result="failed") == 0
    assert figure(own, "headroom_deliveries_total", channel="bad", result="sent") == 0
