"""One process of desktops: `python -m tidewire.simulator.crowd SEED URL KEYS FIRST SOURCE`.

A line on stdin asks ("progress", "rest", "truth"), one line of JSON on stdout answers; the end
of stdin ends it. Only crowds.py starts it: a process may hold so many files and no more.
"""

import asyncio
import json
import signal
import sys
from pathlib import Path

import uvloop

from tidewire.simulator.desktops import Desktops
from tidewire.simulator.truth import Truth


async def live(seed: int, url: str, keys: Path, first: int, source: str) -> None:
    """Bring the desktops of a keys file on line, and answer until nobody asks any more."""
    truth = Truth()
    desktops = Desktops(seed, truth, url, total=first, source=source)
    desktops.connect(keys)
    resting: asyncio.Task[None] | None = None
    while line := await asyncio.to_thread(sys.stdin.readline):
        said: dict[str, object] = {}
        match line.strip():
            case "rest":
                resting = resting or asyncio.create_task(desktops.rest())
            case "truth":
                said = truth.document()
        said["progress"] = truth.progress() | {
            "connected": desktops.connected,
            "came": len(desktops.known),
            "drops": desktops.drops,
            "at_rest": resting is not None and resting.done() and desktops.complete.is_set(),
        }
        print(json.dumps(said), flush=True)
    await desktops.close()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started us ends us
    uvloop.run(
        live(int(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
    )
