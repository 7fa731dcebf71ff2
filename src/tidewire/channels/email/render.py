"""The mail of one rendition: subject, text and HTML from formats, joined into one shared body."""

from collections import OrderedDict
from dataclasses import replace
from datetime import timedelta
from threading import Lock

from tidewire.channels.email import fields
from tidewire.channels.email.dkim import Field
from tidewire.channels.email.mailbox import mailbox
from tidewire.channels.email.message import Body, body
from tidewire.formats.article import Article, article
from tidewire.formats.html import article_mail
from tidewire.formats.text import article_text
from tidewire.languages import furniture
from tidewire.model.release import Act, Edition

MOST_KEPT = 64
PUNCTUAL = timedelta(minutes=1)  # a mail says when it went out, to the minute

Key = tuple[int, int, Act, str]  # release id, version, act, language


class Bodies:
    """Bodies rendered so far, the most recently used ones: pages of one rendition share one."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._one_at_a_time = Lock()
        self._kept: OrderedDict[Key, tuple[Edition, Body]] = OrderedDict()

    def of(self, edition: Edition, language: str) -> Body:
        """The body of this rendition, rendered at the first call, from any thread."""
        edition = as_of_its_moment(edition)
        key = (edition.release_id, edition.version, edition.act, language)
        with self._one_at_a_time:
            if key not in self._kept or self._kept[key][0] != edition:
                self._kept[key] = edition, render(edition, language, self._base_url)
                if len(self._kept) > MOST_KEPT:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(key)
            return self._kept[key][1]


def as_of_its_moment(edition: Edition) -> Edition:
    """The edition as it stood before its moment, if that was kept: its mails say T0.

    So the body that was signed ahead is the body that is sent.
    """
    t0, at = edition.t0, edition.published_at
    if edition.act is not Act.PUBLISH or t0 is None or at is None or at - t0 > PUNCTUAL:
        return edition
    return replace(edition, sequence=None, published_at=None, first_published_at=None)


def render(edition: Edition, language: str, base_url: str) -> Body:
    """One rendition as a mail body; its language is the one that the text really is in."""
    piece = article(edition, language, base_url, audience="media")
    words = furniture(piece.furniture_language)
    settings = words.isolated(f"{base_url}/preferences")
    # The body is shared, so this link is nobody's in particular: those are in the header.
    foot = (words.word("mail_why"), f"{words.word('mail_preferences')}: {settings}")
    text, html = article_text(piece, foot), article_mail(piece, foot)
    content = body(piece.marked_headline, piece.language, text, html)
    return replace(content, reply_to=_reply_to(piece))


def _reply_to(piece: Article) -> Field | None:
    """Reply-To: the first contact with an address that every mail program can write to."""
    for contact in piece.contacts:
        try:
            to = mailbox(contact.mail)
        except ValueError:
            continue
        if not to.utf8:
            return fields.address("Reply-To", contact.name, to.address)
    return None
