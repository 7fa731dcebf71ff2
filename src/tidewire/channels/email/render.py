"""The mail of one rendition: subject, text and HTML from formats, joined into one shared body."""

from collections import OrderedDict
from dataclasses import replace

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

Key = tuple[int, int, Act, str]  # release id, version, act, language


class Bodies:
    """Bodies rendered so far, the most recently used ones: pages of one rendition share one."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._kept: OrderedDict[Key, tuple[Edition, Body]] = OrderedDict()

    def of(self, edition: Edition, language: str) -> Body:
        """The body of this rendition, rendered at the first call."""
        key = (edition.release_id, edition.version, edition.act, language)
        if key not in self._kept or self._kept[key][0] != edition:
            self._kept[key] = edition, render(edition, language, self._base_url)
            if len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key][1]


def render(edition: Edition, language: str, base_url: str) -> Body:
    """One rendition as a mail body; its language is the one that the text really is in."""
    piece = article(edition, language, base_url, audience="media")
    word = furniture(piece.furniture_language).word
    # The body is shared, so this link is nobody's in particular: those are in the header.
    foot = (word("mail_why"), f"{word('mail_preferences')}: {base_url}/preferences")
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
