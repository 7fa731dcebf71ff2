"""Hold the ledger against the truth, delivery by delivery, and say it in numbers."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from tidewire.channels.webhook.channel import message_id
from tidewire.channels.websub.address import read
from tidewire.formats.feeds import entry_id
from tidewire.ledger.sums import desktops_served
from tidewire.model.delivery import ChannelCode, Event
from tidewire.reports.distribution import Distribution, distribution
from tidewire.simulator.agreement import Agreement, compare
from tidewire.store import claims, version_facts
from tidewire.store.claims import Claim
from tidewire.store.database import Connection

Names = dict[str, set[str]]

# What the receipts say of what was read back, and of what the site answered.
_FILED = re.compile(r"(\d+) bytes, sha256 ([0-9a-f]{64}), read back")
_POSTED = re.compile(r"post \d+")

LATER = {
    Event.BOUNCED: "bounced",
    Event.COMPLAINED: "complained",
    Event.UNSUBSCRIBED: "unsubscribed",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The report, the comparison, and how many deliveries of each channel the world saw."""

    report: Distribution
    agreement: Agreement
    seen: Mapping[str, int]
    faults: Sequence[str]

    @property
    def agree(self) -> bool:
        """True where both say the same, and the world found nothing wrong."""
        return self.agreement.agree and not self.faults

    def document(self) -> dict[str, Any]:
        """What `--json` writes."""
        channels = {}
        for channel in self.report.channels:
            counts, times = channel.counts, channel.times
            channels[channel.channel] = {
                **asdict(counts),
                "seen_by_world": self.seen.get(channel.channel, 0),
                "p50_ms": times.p50_ms if times else None,
                "p99_ms": times.p99_ms if times else None,
                "last_ms": times.last_ms if times else None,
                "repeats": channel.repeats,
                "bounced": channel.bounced,
                "complained": channel.complained,
                "unsubscribed": channel.unsubscribed,
            }
        return {
            "agree": self.agree,
            "t0": self.report.t0.isoformat() if self.report.t0 else None,
            "ref": self.report.ref,
            "channels": channels,
            "languages": self._languages(),
            "differences": self.agreement.lines(most=100),
            "faults": list(self.faults),
        }

    def _languages(self) -> dict[str, dict[str, dict[str, int]]]:
        """Language -> channel -> counts of those who got, or were to get, that rendition."""
        found: dict[str, dict[str, dict[str, int]]] = defaultdict(dict)
        for part in self.report.languages:
            found[part.name][part.channel] = asdict(part.counts)
        return found


async def judge(tx: Connection, ref: str, truth: Mapping[str, Any], now: datetime) -> Verdict:
    """The verdict on one release; `truth` is what the world's control port tells."""
    report = await distribution(tx, ref, now=now)
    facts = await version_facts.versions(tx, ref)
    release_id = facts[0].release_id
    said = said_by(await claims.claims(tx, release_id), ref, release_id)
    for fact in facts:
        members = await desktops_served(tx, release_id, fact.version)
        names = await claims.outside_ids(tx, members.to_array().tolist())
        said["stream"] |= {f"{name} {ref}.{fact.version}" for name in names}
    seen = seen_by(truth)
    counts = {code.label: len(seen.get(code.label, ())) for code in ChannelCode}
    faults = [*truth["faults"], *_silent(report)]
    return Verdict(report, compare(said, seen), counts, tuple(faults))


def _silent(report: Distribution) -> list[str]:
    """Channels that delivered nothing at all: agreeing about nothing proves nothing."""
    return [
        f"{one.channel}: none of {one.counts.due:,} deliveries was accepted"
        for one in report.channels
        if one.counts.due and not one.counts.accepted
    ]


def said_by(found: Sequence[Claim], ref: str, release_id: int) -> Names:
    """The ledger's claims in the world's words: channel -> "ADDRESS ID"."""
    names: Names = defaultdict(set)
    for claim in found:
        channel = claim.channel.label
        if claim.event is Event.ACCEPTED:
            names[channel].add(f"{claim.address} {_id(claim, ref, release_id)}")
        elif claim.event is Event.REFUSED:
            names[f"{channel} refused"].add(claim.address)
        else:
            names[f"{channel} {LATER[claim.event]}"].add(claim.address)
    return names


def seen_by(truth: Mapping[str, Any]) -> Names:
    """The world's truth, with ids cut to what names the delivery."""
    names: Names = defaultdict(set)
    for channel, keys in truth["accepted"].items():
        for key in keys:
            address, _, what = key.partition(" ")
            names[channel].add(f"{address} {_delivery(what)}" if channel == "email" else key)
    for channel, keys in truth["refused"].items():
        names[f"{channel} refused"] |= {key.rpartition(" ")[0] for key in keys}
    for what in LATER.values():
        names[f"email {what}"] |= set(truth["feedback"][what])
    return names


def _delivery(message_id: str) -> str:
    """The delivery that a Message-ID names: its first three numbers."""
    return ".".join(message_id.split(".")[:3])


def _id(claim: Claim, ref: str, release_id: int) -> str:
    """What the world calls this delivery."""
    key = f"{release_id}.{claim.version}.{claim.endpoint_id}"
    if claim.channel is ChannelCode.WEBHOOK:
        return message_id(ref, key)
    if claim.channel is ChannelCode.FEED:
        return f"{entry_id(ref, claim.address.partition('/')[0])}.{claim.version}"
    if claim.channel is ChannelCode.WEBSUB:
        return f"{entry_id(ref, read(claim.address)[0].name.language)}.{claim.version}"
    if claim.channel is ChannelCode.SFTP and (filed := _FILED.match(claim.detail)):
        return f"{ref}_v{claim.version} {filed[1]} {filed[2]}"
    if claim.channel is ChannelCode.WORDPRESS and (posted := _POSTED.match(claim.detail)):
        return f"{ref} {posted[0]}"
    return key


def counted(standings: Sequence[claims.Standing]) -> dict[str, Counter[str]]:
    """channel -> state -> deliveries, for the display."""
    table: dict[str, Counter[str]] = defaultdict(Counter)
    for one in standings:
        table[one.channel.label][one.state.name.lower()] += one.count
    return table
