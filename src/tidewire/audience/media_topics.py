"""Take in IPTC's list of Media Topics, as its server gives it (CC BY 4.0).

Two forms are read, both JSON. IPTC's own: an object with `conceptSet`, a list of concepts with
`uri` or `qcode`, `prefLabel` by language, `broader`, `retired` and `changeNote`. And a reduced
one: an object with `topics`, a list with `qcode`, `labels`, `broader` and `retired`.
"""

import datetime
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from tidewire.bus.bell import Bell, Topic
from tidewire.clock import Clock
from tidewire.languages import canonical
from tidewire.model.errors import BadInput, TooLarge, Unreadable
from tidewire.model.media_topics import MediaTopic, qcode
from tidewire.store import media_topics
from tidewire.store.database import Database

MOST_BYTES = 50_000_000
LONGEST_LABEL = 300

# What IPTC's keys mean where they are no BCP 47 tags, or those of other languages.
_IPTC_TAGS: Mapping[str, str] = {"se": "sv", "dk": "da", "no-NB": "nb", "no-NN": "nn"}
_INSTEAD = re.compile(r"\b(?:use|into)\b(.*)", re.IGNORECASE | re.DOTALL)
_CODE = re.compile(r"(?<![0-9])[012][0-9]{7}(?![0-9])")
_FORMS = {"conceptSet": "prefLabel", "topics": "labels"}  # and where its labels stand
Tell = Callable[[str], None]

_ADVICE = "Give IPTC's export of Media Topics as JSON."


@dataclass(frozen=True, slots=True)
class Export:
    """What a file holds: its topics, what was left out of it and why, and its date if it has one.

    `faults` are (place in the file, reason); a topic with a fault in its code or label is left
    out, of others only the part with the fault.
    """

    topics: tuple[MediaTopic, ...]
    faults: tuple[tuple[str, str], ...]
    released: str = ""


async def take_in(
    database: Database, bell: Bell, clock: Clock, topics: Sequence[MediaTopic]
) -> None:
    """Put these topics in the place of those imported before, all at once."""
    async with database.transaction() as tx:
        await media_topics.replace(tx, topics, clock.now())
    await bell.ring(Topic.AUDIENCE, "media topics")


def read_export(path: Path) -> Export:
    """The topics of a file. Raises BadInput and its kin where nothing in it can be taken."""
    document = _document(path)
    form = next((name for name in _FORMS if isinstance(document.get(name), list)), None)
    if form is None:
        raise Unreadable(f"{path.name} has neither `conceptSet` nor `topics`.", _ADVICE)
    faults: list[tuple[str, str]] = []
    found: dict[str, MediaTopic] = {}
    for number, row in enumerate(document[form]):
        place = f"{form}[{number}]"
        try:
            topic = _topic(row, form, partial(_note, faults, place))
            if topic.code in found:
                raise ValueError(f"{topic.code} stands there before.")
        except ValueError as error:
            faults.append((place, f"{error} It is left out."))
        else:
            found[topic.code] = topic
    topics = tuple(_placed(topic, found, faults) for topic in found.values())
    if not any(topic.retired is None for topic in topics):
        raise BadInput(f"{path.name} holds no Media Topic in use.", _ADVICE)
    released = document.get("dateReleased") or document.get("released") or ""
    return Export(topics, tuple(faults), str(released)[:10])


def _note(faults: list[tuple[str, str]], place: str, what: str) -> None:
    faults.append((place, what))


def _document(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise TooLarge(f"{path.name} has over {MOST_BYTES // 1_000_000} MB.", _ADVICE)
        document = json.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        reason = (error.strerror or "unknown").lower()
        raise Unreadable(f"{path} cannot be read: {reason}.", "Check the path.") from None
    except (ValueError, RecursionError):
        raise Unreadable(f"{path.name} is not JSON in UTF-8.", _ADVICE) from None
    if not isinstance(document, dict):
        raise Unreadable(f"{path.name} is no JSON object.", _ADVICE)
    return document


def _topic(row: object, form: str, fault: Tell) -> MediaTopic:
    """One row as a topic; smaller faults are told to `fault`. Raises ValueError for others."""
    if not isinstance(row, dict):
        raise ValueError("This is no object.")
    given = row.get("uri") or row.get("qcode")
    code = qcode(given) if isinstance(given, str) else None
    if code is None:
        raise ValueError(f"{given!r:.80} is no Media Topic.")
    if "uri" in row and "qcode" in row and qcode(str(row["qcode"])) != code:
        raise ValueError(f"Its uri and its qcode are not the same ({row['qcode']!r:.80}).")
    labels = _labels(row.get(_FORMS[form]), fault)
    if not labels:
        raise ValueError(f"{code} has no label.")
    retired = _retired(code, row.get("retired"))
    return MediaTopic(
        code,
        tuple(_parents(code, row.get("broader"), fault)),
        retired,
        _heirs(row.get("changeNote"), code) if retired else (),
        labels,
    )


def _labels(given: object, fault: Tell) -> dict[str, str]:
    """Labels by BCP 47 tag."""
    labels: dict[str, str] = {}
    for key, label in given.items() if isinstance(given, dict) else ():
        tag = canonical(_IPTC_TAGS.get(key, key))
        text = " ".join(label.split()) if isinstance(label, str) else ""
        if tag is None:
            fault(f"{key!r:.40} is no language; that label is left out.")
        elif not text or len(text) > LONGEST_LABEL or not text.isprintable():
            fault(f"Its label in {tag} cannot be one; it is left out.")
        else:
            labels[tag] = text
    return labels


def _retired(code: str, given: object) -> datetime.date | None:
    if given in (None, "", False):
        return None
    try:
        return datetime.datetime.fromisoformat(str(given)).date()
    except ValueError:
        raise ValueError(f"{code} is retired on {given!r:.40}, which is no date.") from None


def _parents(code: str, given: object, fault: Tell) -> Iterable[str]:
    for one in given if isinstance(given, list) else [given] if given else []:
        parent = qcode(one) if isinstance(one, str) else None
        if parent is None or parent == code:
            fault(f"{code} cannot stand below {one!r:.80}; that is left out.")
        else:
            yield parent


def _heirs(note: object, code: str) -> tuple[str, ...]:
    """The topics that a change note says to use instead: all that it names after that word."""
    texts = note.values() if isinstance(note, dict) else [note]
    advice = [found[1] for text in texts if (found := _INSTEAD.search(str(text or "")))]
    heirs = [f"medtop:{number}" for text in advice for number in _CODE.findall(text)]
    return tuple(heir for heir in dict.fromkeys(heirs) if heir != code)


def _placed(
    topic: MediaTopic, known: Mapping[str, MediaTopic], faults: list[tuple[str, str]]
) -> MediaTopic:
    """The topic with those parents and heirs alone that are there, and not below itself."""
    parents = []
    for parent in topic.parents:
        if parent not in known:
            faults.append((topic.code, f"It stands below {parent}, which is not there."))
        elif _stands_below(parent, topic.code, known):
            faults.append((topic.code, f"It stands below {parent}, and that below it."))
        else:
            parents.append(parent)
    heirs = tuple(heir for heir in topic.replaced_by if heir in known)
    return replace(topic, parents=tuple(parents), replaced_by=heirs)


def _stands_below(code: str, above: str, known: Mapping[str, MediaTopic]) -> bool:
    seen, level = {code}, [code]
    while level:
        parents = [p for one in level if one in known for p in known[one].parents]
        if above in parents:
            return True
        level = [p for p in dict.fromkeys(parents) if p not in seen]
        seen.update(level)
    return False
