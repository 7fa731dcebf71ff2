"""What a media topic is called in a language."""

from tidewire.languages.files import furniture
from tidewire.languages.read import REFERENCE
from tidewire.languages.tags import best
from tidewire.model.media_topics import MediaTopic

FALLBACK = "en-GB"  # IPTC has every topic's label in it


def subject_label(topic: MediaTopic, tag: str) -> str:
    """Our label in this language, else IPTC's, else ours or IPTC's in English, else the code."""
    code = topic.code
    ours, english = furniture(tag).subject(code), furniture(REFERENCE).subject(code)
    theirs = best(tuple(topic.labels), tag)
    if ours != english or (ours != code and (theirs is None or best((REFERENCE,), tag))):
        return ours
    return topic.labels.get(theirs or FALLBACK, code)
