"""What receipts say of pushes, in the world's words: to the byte, or it is a difference."""

import hashlib
from dataclasses import replace

from tidewire.app.demo.verdict import said_by, seen_by
from tidewire.formats.feeds import entry_id
from tidewire.model.delivery import ChannelCode, Event
from tidewire.simulator.agreement import compare
from tidewire.simulator.truth import Truth
from tidewire.store.claims import Claim

REF, RELEASE = "vvc536z7bxcp", 7
SHA = hashlib.sha256(b"a file").hexdigest()
FILED = Claim(
    ChannelCode.SFTP,
    Event.ACCEPTED,
    2,
    11,
    "sftp://o@files.example/in/",
    f"6 bytes, sha256 {SHA}, read back; earlier files removed",
)
POSTED = Claim(
    ChannelCode.WORDPRESS,
    Event.ACCEPTED,
    1,
    12,
    "https://wire@site.example/news/",
    "post 104, publish; no category Energie",
)
TOLD = Claim(
    ChannelCode.WEBSUB,
    Event.ACCEPTED,
    1,
    13,
    "/feeds/zh-Hans.json?text=summary https://reader.example/told/1",
    "",
)


def a_world() -> Truth:
    truth = Truth()
    truth.accept("sftp", FILED.address, f"{REF}_v2 6 {SHA}")
    truth.accept("wordpress", POSTED.address, f"{REF} post 104")
    truth.accept("websub", TOLD.address, f"{entry_id(REF, 'zh-Hans')}.1")
    return truth


def test_a_file_a_post_and_a_push_are_found_in_the_world() -> None:
    said = said_by([FILED, POSTED, TOLD], REF, RELEASE)
    found = compare(said, seen_by(a_world().document()))
    assert found.agree, found.lines()
    assert {channel: len(names) for channel, names in said.items()} == dict.fromkeys(
        ("sftp", "wordpress", "websub"), 1
    )


def test_a_file_of_another_size_or_content_or_version_is_a_difference() -> None:
    seen = seen_by(a_world().document())
    for wrong in (
        replace(FILED, detail=FILED.detail.replace("6 bytes", "7 bytes")),
        replace(FILED, detail=FILED.detail.replace(SHA, hashlib.sha256(b"other").hexdigest())),
        replace(FILED, detail=""),
        replace(FILED, version=1),
    ):
        lines = compare(said_by([wrong, POSTED, TOLD], REF, RELEASE), seen).lines()
        assert [line.rsplit(" ", 2)[-1] for line in lines] == ["world", "ledger"]


def test_another_post_or_another_language_is_a_difference() -> None:
    seen = seen_by(a_world().document())
    for wrong in (
        [FILED, replace(POSTED, detail="post 105, publish"), TOLD],
        [FILED, POSTED, replace(TOLD, address=TOLD.address.replace("zh-Hans", "zh-Hant"))],
        [FILED, POSTED],
    ):
        assert not compare(said_by(wrong, REF, RELEASE), seen).agree


def test_what_was_turned_down_is_compared_by_address_also_where_that_has_two_parts() -> None:
    truth = Truth()
    truth.refuse("sftp", FILED.address, "login")
    truth.refuse("websub", TOLD.address, "an-entry.1")
    refused = [replace(one, event=Event.REFUSED) for one in (FILED, TOLD)]
    assert compare(said_by(refused, REF, RELEASE), seen_by(truth.document())).agree
