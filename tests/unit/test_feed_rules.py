"""The rules that feeds are held against find what breaks them: a judge that takes all is none."""

import re

import pytest

from judges.feed_rules import FAULTS
from judges.feeds import documents, feeds

BROKEN = {
    "atom": [
        (rb"<id>urn:uuid:[^<]*</id>", b""),
        (rb"<id>urn:uuid:[^<]*</id>", b"<id>42</id>"),
        (rb"<updated>2026-03-03T", b"<updated>2026-03-03 "),
        (rb"<published>2026", b"<published>2027"),
        (rb"<author>.*?</author>", b"<author/>"),
        (rb'<link rel="alternate" href="[^"]*releases[^>]*>', b""),
        (rb'href="https://wire.example/rel', b'href="/rel'),
        (rb'rel="self" href="[^"]*"', b'rel="self" href="https://wire.example/feeds/de.rss"'),
        (rb'rel="hub"', b'rel="related"'),
        (rb'hreflang="de"', b'hreflang="DE_de"'),
        (rb'type="text/html"', b'type="html"'),
        (rb'<content type="html">', b'<content type="xhtml">'),
        (rb"</entry>", b'<link rel="enclosure" href="https://a.example/b.png"/></entry>'),
        (rb'(<content type="html">)', b'<content type="html">&lt;a href="/x"&gt;'),
        (rb'xml:lang="de"', b""),
        (rb'term="[^"]*"', b""),
        (rb'deleted-entry ref="[^"]*"', b'deleted-entry ref="no"'),
        (rb'when="[^"]*"', b'when="yesterday"'),
        (rb'rel="prev-archive" href="[^"]*"', b'rel="prev-archive" href="de.atom"'),
    ],
    "rss": [
        (rb"<description>.*?</description>", b""),
        (rb'version="2.0"', b'version="0.91"'),
        (rb"<language>de</language>", b"<language>german</language>"),
        (rb"<link>https://wire.example/<", b"<link>/<"),
        (rb"<pubDate>Tue, ", b"<pubDate>Mon, "),
        (rb"<pubDate>[^<]*<", b"<pubDate>2026-03-03T12:00:00Z<"),
        (rb"<guid [^>]*>[^<]*</guid>", b""),
        (rb' isPermaLink="false"', b""),
        (rb"</item>", b"<author>Nobody</author></item>"),
        (rb"<dc:creator>[^<]*</dc:creator>", b""),
        (rb"</item>", b'<enclosure url="https://a.example/b.png" type="image/png"/></item>'),
        (rb"</item>", b"<summary>New</summary></item>"),
        (rb'rel="self" href="[^"]*"', b'rel="self" href="https://wire.example/feeds/en.rss"'),
        (rb'rel="hub"', b'rel="related"'),
        (rb"<content:encoded>", b"<content:encoded>&lt;img src='a.png'&gt;"),
    ],
    "json": [
        (rb"version/1.1", b"version/1"),
        (rb'"id":"[^"]*"', b'"id":42'),
        (rb'"authors":\[[^\]]*\]', b'"author":{"name":"A"}'),
        (rb'"hubs":\[[^\]]*\]', b'"hubs":["https://wire.example/hub"]'),
        (rb'"hubs":\[[^\]]*\],', b""),
        (rb'"date_published":"2026-03-03T', b'"date_published":"03.03.2026 '),
        (rb'"_tidewire":\{"(?!alt)', b'"tidewire":{"'),
        (rb'"url":"https://wire.example', b'"url":"'),
        (rb'"language":"de"', b'"language":"german"'),
        (rb'"feed_url":"[^"]*"', b'"feed_url":"https://wire.example/feeds/en.json"'),
        (rb'"content_html":"', b'"content_html":"<img src=x>'),
        (rb'"content_html":', b'"_html":'),
    ],
}


@pytest.mark.parametrize(
    ("form", "was", "becomes"),
    [(form, *change) for form, changes in BROKEN.items() for change in changes],
)
def test_each_rule_finds_the_document_that_breaks_it(form: str, was: bytes, becomes: bytes) -> None:
    url = feeds()["newest-de"].urls[form]
    whole = documents(form)["newest-de"]
    broken, changes = re.subn(was, becomes, whole, count=1, flags=re.DOTALL)
    assert changes == 1 and FAULTS[form](whole, url) == []
    assert FAULTS[form](broken, url) != []


@pytest.mark.parametrize("form", FAULTS)
def test_a_part_of_the_archive_has_no_hub_and_names_the_newest(form: str) -> None:
    feed, whole = feeds()["archive-de"], documents(form)["newest-de"]
    assert FAULTS[form](documents(form)["archive-de"], feed.urls[form]) == []
    found = FAULTS[form](whole, feed.urls[form])
    assert "feed: the newest alone has a hub" in found
