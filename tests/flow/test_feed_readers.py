"""Feeds read by programs that others wrote: reader, newsboat, feedsmith."""

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import reader

from editions import BODY_MARKS, an_edition
from tidewire.formats.feed_forms import write
from tidewire.formats.feed_names import FORMS, FeedName
from tidewire.formats.feeds import MEDIA_TYPES, Place, compose, entry_id, feed_item
from tidewire.model.release import Act

BASE = "https://wire.example"
FEEDSMITH = Path(__file__).parents[2] / ".dev" / "node" / "node_modules" / "feedsmith"
PARSE = """
const { parseFeed } = await import(process.argv[1]);
const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
console.log(JSON.stringify(parseFeed(Buffer.concat(chunks).toString('utf8'))));
"""


def document(form: str, older: int | None = None) -> bytes:
    editions = [an_edition(), an_edition(Act.CORRECT, release_id=43)]
    items = [feed_item(edition, "de", BASE) for edition in editions]
    return write(compose(FeedName("de"), items, BASE, place=Place(older=older)), form)


class Quiet(SimpleHTTPRequestHandler):
    def guess_type(self, path: object) -> str:
        return MEDIA_TYPES[str(path).rpartition(".")[2]]

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """The address of a server that has the feed in every form."""
    for form in FORMS:
        (tmp_path / f"de.{form}").write_bytes(document(form))
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("form", FORMS)
def test_reader_stores_every_entry_under_its_own_id(served: str, form: str) -> None:
    with reader.make_reader(":memory:") as library:
        library.add_feed(f"{served}/de.{form}")
        library.update_feeds()
        assert [feed.last_exception for feed in library.get_feeds()] == [None]
        found = {entry.id: entry for entry in library.get_entries()}
    assert set(found) == {entry_id(ref, "de") for ref in ("tw000042", "tw000043")}
    first = found[entry_id("tw000042", "de")]
    assert first.title == "Nordmeer Strom eröffnet den Quallenturm"
    assert first.link == f"{BASE}/releases/tw000042/de"
    assert (
        first.published is not None and first.published.isoformat() == "2026-03-03T12:00:00+00:00"
    )
    assert BODY_MARKS["de"] in str(first.content[0].value)


@pytest.mark.parametrize("form", ["atom", "rss"])
def test_newsboat_takes_every_entry(served: str, tmp_path: Path, form: str) -> None:
    program = shutil.which("newsboat")
    if program is None:
        assert "CI" not in os.environ, "newsboat is missing"
        pytest.skip("newsboat is not installed here")
    (tmp_path / "urls").write_text(f"{served}/de.{form}\n")
    files = ["-u", tmp_path / "urls", "-c", tmp_path / "cache.db", "-C", os.devnull]
    base = [program, *map(str, files)]
    home = {"HOME": str(tmp_path), "LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"]}
    subprocess.run([*base, "-x", "reload"], check=True, env=home, timeout=60, capture_output=True)
    unread = subprocess.run(
        [*base, "-x", "print-unread"], check=True, env=home, timeout=60, capture_output=True
    )
    assert unread.stdout.split()[0] == b"2"


@pytest.mark.parametrize("form", FORMS)
def test_feedsmith_reads_links_ids_and_hubs(form: str) -> None:
    node = shutil.which("node")
    if node is None or not FEEDSMITH.exists():
        assert "CI" not in os.environ, "feedsmith is missing"
        pytest.skip("feedsmith is not installed here: npm install --prefix .dev/node feedsmith")
    body = document(form, older=3)
    script = [node, "--input-type=module", "-e", PARSE, str(FEEDSMITH / "dist" / "index.mjs")]
    said = subprocess.run(script, input=body, capture_output=True, timeout=60, check=True)
    parsed = json.loads(said.stdout)
    assert parsed["format"] == form
    text = json.dumps(parsed["feed"], ensure_ascii=False)
    assert text.count(entry_id("tw000042", "de")) == 1 == text.count(entry_id("tw000043", "de"))
    for address in (f"{BASE}/hub", f"{BASE}/feeds/de.{form}", f"{BASE}/feeds/de.{form}?archive=3"):
        assert address in text
    assert BODY_MARKS["de"] in text
