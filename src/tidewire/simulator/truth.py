"""The truth: what the world really got, whatever the wire may claim."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

CHANNELS = ("email", "webhook", "feed", "stream", "websub", "sftp", "wordpress")


@dataclass(slots=True)
class Truth:
    """Per channel: what was taken, what was refused for good, and what people did after.

    A key is "ADDRESS ID": the mailbox and Message-ID (refused: the sender, which names the
    delivery too); the URL and webhook-id; the feed and the entry's id; the desktop and
    "REF.VERSION"; the topic with its callback, and the entry's id; the login's address and
    "REF_vVERSION SIZE SHA256"; the site and "REF post ID". Counters say how often each key came.
    """

    accepted: Mapping[str, Counter[str]] = field(
        default_factory=lambda: {channel: Counter[str]() for channel in CHANNELS}
    )
    refused: Mapping[str, Counter[str]] = field(
        default_factory=lambda: {channel: Counter[str]() for channel in CHANNELS}
    )
    answers: Mapping[str, Counter[str]] = field(
        default_factory=lambda: {channel: Counter[str]() for channel in CHANNELS}
    )
    feedback: Mapping[str, set[str]] = field(
        default_factory=lambda: {
            name: set[str]() for name in ("bounced", "complained", "unsubscribed", "clicked")
        }
    )
    faults: list[str] = field(default_factory=list)

    def accept(self, channel: str, address: str, what: str) -> bool:
        """Note that the world took it; False where it had it already."""
        key = f"{address} {what}"
        taken = self.accepted[channel]
        taken[key] += 1
        return taken[key] == 1

    def refuse(self, channel: str, address: str, what: str) -> None:
        """Note that the world said no for good."""
        self.refused[channel][f"{address} {what}"] += 1

    def answer(self, channel: str, code: int | str) -> None:
        """Count an answer that was given, by its code."""
        self.answers[channel][str(code)] += 1

    def fault(self, what: str) -> None:
        """Note something that the wire did wrong (a false signature, a missing header)."""
        self.faults.append(what)

    def progress(self) -> dict[str, Any]:
        """Counts only: cheap to ask for often."""
        return {
            "accepted": {channel: len(keys) for channel, keys in self.accepted.items()},
            "answers": {channel: dict(codes) for channel, codes in self.answers.items()},
            "feedback": {name: len(keys) for name, keys in self.feedback.items()},
            "faults": len(self.faults),
        }

    def document(self) -> dict[str, Any]:
        """Everything, as JSON has it; keys sorted."""
        return {
            "accepted": {channel: sorted(keys) for channel, keys in self.accepted.items()},
            "refused": {channel: sorted(keys) for channel, keys in self.refused.items()},
            "repeats": {
                channel: {key: count - 1 for key, count in sorted(keys.items()) if count > 1}
                for channel, keys in self.accepted.items()
            },
            "answers": {channel: dict(codes) for channel, codes in self.answers.items()},
            "feedback": {name: sorted(keys) for name, keys in self.feedback.items()},
            "faults": list(self.faults),
        }
