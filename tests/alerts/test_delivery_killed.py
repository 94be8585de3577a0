"""A delivering process that is killed with kill -9 again and again: every message arrives, in order."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from headroom.history import DeliveryState, open_history
from tests.alerts.delivering import notice, queue
from tests.alerts.receiver import Behaviour, Exchange, Receiver, answer

ROOT = Path(__file__).parents[2]


def test_a_killed_process_repeats_messages_and_loses_none(tmp_path: Path) -> None:
    """Killed between sending and marking, it sends again after a restart with the same key; order holds."""
    path = tmp_path / "history.db"
    sent = [notice(f"i{number}", f"i{number}-{turn}") for turn in range(2) for number in range(3)]
    with open_history(str(path), collecting=True) as history:
        queue(history, *sent)

    child: subprocess.Popen[bytes]

    def kill(_: Exchange) -> None:
        os.kill(child.pid, signal.SIGKILL)

    # Every other message is the last one that its process sends.
    behaviours: list[Behaviour] = [answer(200), kill] * 4 + [answer(200)]
    starts = 0
    with Receiver(*behaviours) as receiver:
        while True:
            starts += 1
            child = subprocess.Popen(
                [sys.executable, "-m", "tests.alerts.delivering", str(path), receiver.url], cwd=ROOT
            )
            if child.wait(timeout=30) == 0:
                break
            assert child.returncode == -signal.SIGKILL

    keys = [arrival.headers["Idempotency-Key"] for arrival in receiver.arrivals]
    assert [json.loads(arrival.body)["text"] for arrival in receiver.arrivals] == keys
    assert set(keys) == {one.key for one in sent}
    assert starts == 5
    assert len(keys) >= len(sent) + 4  # what was under way at each kill came again
    for number in range(3):
        of_one = [key for key in keys if key.startswith(f"i{number}-")]
        assert of_one == sorted(of_one)
    with open_history(str(path), collecting=False) as history:
        assert {one.state for one in history.deliveries()} == {DeliveryState.SENT}
