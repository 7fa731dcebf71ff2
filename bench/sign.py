"""DKIM header blocks signed for each second, beside `openssl speed rsa2048`.

Both take one core at a time, in turns, three times; the medians are compared.
"""

import re
import statistics
import subprocess
import tempfile
from pathlib import Path

from result import Result
from tidewire.channels.email.dkim import DkimSigner, body_hash, open_signer
from tidewire.clock import SystemClock, stopwatch

TURNS = 3
SECONDS = 3
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
    """Sign in turns with openssl."""
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as folder:
        signer = open_signer(Path(folder), "wire.example", "tidewire")
        for _ in range(TURNS):
            ours.append(_ours(signer))
            theirs.append(_openssl())
    seen, peer = statistics.median(ours), statistics.median(theirs)
    return Result(
        "sign",
        {"ours/s": seen, "openssl/s": peer},
        {"ours/openssl": seen / peer},
        seen / peer >= MUST_REACH,
    )


def _ours(signer: DkimSigner) -> float:
    hashed = body_hash(b"Sample.\r\n")
    at = SystemClock().now()
    count, began = 0, stopwatch()
    while stopwatch() - began < SECONDS:
        for _ in range(50):
            signer.sign(fields(count), hashed, at)
            count += 1
    return count / (stopwatch() - began)


def _openssl() -> float:
    done = subprocess.run(
        ["openssl", "speed", "-seconds", str(SECONDS), "rsa2048"],
        capture_output=True,
        text=True,
        check=True,
    )
    found = re.search(r"rsa\s+2048 bits\s+\S+\s+\S+\s+([\d.]+)", done.stdout)
    assert found is not None, done.stdout
    return float(found[1])
