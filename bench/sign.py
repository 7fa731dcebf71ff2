"""DKIM header blocks for 86,000 mails, beside `openssl speed rsa2048`.

Both take all cores, in turns, three times; the medians are compared.
"""

import os
import re
import statistics
import subprocess
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from result import Result
from tidewire.channels.email.dkim import body_hash, open_signer
from tidewire.clock import SystemClock, stopwatch

TURNS = 3
SECONDS = 3
HEADERS = 86_000
CORES = os.cpu_count() or 1
DOMAIN, SELECTOR = "wire.example", "tidewire"
MUST_REACH = 0.85  # of openssl's signatures, with all that stands around the signature

SHARED = {
    "Date": "Tue, 03 Mar 2026 12:00:00 +0000",
    "From": "Tidewire <wire@wire.example>",
    "Reply-To": "press@tidewind.example",
    "Subject": "Tidewind puts 48,000 homes on power from its first floating wind park",
    "MIME-Version": "1.0",
    "Content-Type": 'multipart/alternative; boundary="=_tidewire"',
    "List-Id": "Tidewire <wire.wire.example>",
    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    "Auto-Submitted": "auto-generated",
}


def fields(reader: int) -> tuple[tuple[bytes, bytes], ...]:
    """A header block as it goes to one reader: three fields are theirs alone."""
    own = {
        "To": f"reader-{reader:06}@newsroom.example",
        "Message-ID": f"<42.1.{reader}.c2FtcGxl@wire.example>",
        "List-Unsubscribe": f"<https://wire.example/unsubscribe/{reader:048}>",
    }
    return tuple((name.encode(), value.encode()) for name, value in {**SHARED, **own}.items())


def run() -> Result:
    """Sign 86,000 in three parts, in turns with openssl; each part on all cores."""
    ours, theirs = [], []
    share = HEADERS // TURNS // CORES
    with tempfile.TemporaryDirectory() as name, ProcessPoolExecutor(CORES) as pool:
        open_signer(Path(name), DOMAIN, SELECTOR)  # the key is made once
        for turn in range(TURNS):
            starts = [(turn * CORES + core) * share for core in range(CORES)]
            ours.append(sum(pool.map(_ours, [name] * CORES, starts, [share] * CORES)))
            theirs.append(_openssl())
    seen, peer = statistics.median(ours), statistics.median(theirs)
    return Result(
        "sign",
        {"cores": CORES, "headers": TURNS * CORES * share, "ours/s": seen, "openssl/s": peer},
        {"ours/openssl": seen / peer},
        seen / peer >= MUST_REACH,
    )


def _ours(folder: str, start: int, count: int) -> float:
    """Header blocks signed for each second by one core."""
    signer = open_signer(Path(folder), DOMAIN, SELECTOR)
    hashed = body_hash(b"Sample.\r\n")
    at, began = SystemClock().now(), stopwatch()
    for reader in range(start, start + count):
        signer.sign(fields(reader), hashed, at)
    return count / (stopwatch() - began)


def _openssl() -> float:
    """Signatures for each second of all cores."""
    done = subprocess.run(
        ["openssl", "speed", "-multi", str(CORES), "-seconds", str(SECONDS), "rsa2048"],
        capture_output=True,
        text=True,
        check=True,
    )
    found = re.search(r"rsa\s+2048 bits\s+\S+\s+\S+\s+([\d.]+)", done.stdout)
    assert found is not None, done.stdout
    return float(found[1])
