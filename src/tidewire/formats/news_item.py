"""What every IPTC format says of one edition in one language, decided once for all of them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from urllib.parse import quote, urlsplit

from tidewire.formats.addresses import release_url
from tidewire.formats.article import Article, Audience, article, rendition_for
from tidewire.formats.body import line, safe
from tidewire.formats.feeds import NAMESPACE
from tidewire.formats.pictures import ShownPicture
from tidewire.formats.wire_item import URGENCY
from tidewire.languages import Furniture, furniture, unturned
from tidewire.model.media_topics import qcode
from tidewire.model.release import Act, Contact, Edition, Release
from tidewire.model.rendition import Hand, Rendition
from tidewire.model.sectors import SECTORS

# IPTC's publishing statuses: a kill is for good, a withdrawal until further notice.
STATUS: Mapping[Act, str] = MappingProxyType(
    {
        Act.PUBLISH: "usable",
        Act.CORRECT: "usable",
        Act.ADD: "usable",
        Act.WITHDRAW: "withheld",
        Act.KILL: "canceled",
    }
)

# Where IPTC has no code for what we say, the code is a URI of our own.
SECTOR = f"{NAMESPACE}/sector/"
BY_SECTOR = f"{NAMESPACE}/how/by-sector"  # a Media Topic that stands for a sector
SOURCE = f"{NAMESPACE}/role/source"
THIRD_PARTY = f"{NAMESPACE}/role/third-party"
TRANSLATORS = MappingProxyType(
    {
        Hand.MACHINE: f"{NAMESPACE}/role/machine-translator",
        Hand.PERSON: f"{NAMESPACE}/role/translator",
    }
)
CONTACT = f"{NAMESPACE}/role/contact"
MEDIA_CONTACT = f"{NAMESPACE}/role/contact-for-media"
TRANSLATION = f"{NAMESPACE}/relation/translation"
LEI = f"{NAMESPACE}/lei/"

MACHINE_MADE = "trainedAlgorithmicMedia"  # in IPTC's digital source types
SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/"
ISIN = "http://cvx.iptc.org/isin/"
MIC = "http://cvx.iptc.org/iso10383-mic/"
COUNTRY = "http://cvx.iptc.org/iso3166-1a2/"

_SAFE = "/:?&=@!$'()*+,;~._-%"
_LOOSE_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class NewsItem:
    """One edition in one language, as IPTC formats name things.

    `guid` is a URN (RFC 3085) that no version changes; `translations` maps the other languages to
    theirs. `contacts`, `mapped` (Media Topics that stand for sectors) and all text are empty where
    the release was taken back. `editor_note`: what a correction changed, who wrote a third party's
    text.
    """

    edition: Edition
    rendition: Rendition
    words: Furniture
    shown: Article
    guid: str
    status: str
    urgency: int
    host: str
    created: datetime
    first_created: datetime
    embargoed: datetime | None
    editor_note: str
    dateline: str
    translations: tuple[tuple[str, str], ...]
    contacts: tuple[Contact, ...]
    mapped: tuple[str, ...]

    @property
    def release(self) -> Release:
        """What the edition holds."""
        return self.edition.release

    @property
    def text(self) -> bool:
        """False where nothing of the text may be shown."""
        return not self.edition.retracted

    @property
    def pictures(self) -> tuple[tuple[str, ShownPicture], ...]:
        """(guid, picture) of each, with the captions of this rendition."""
        return tuple((f"{self.guid}-{one.ref}", one) for one in self.shown.pictures)

    @property
    def copyright_notice(self) -> str:
        """Whose text it is, since when."""
        return f"© {self.first_created.year} {self.shown.issuer}"


def news_item(
    edition: Edition, language: str, base_url: str, *, audience: Audience = "public"
) -> NewsItem:
    """The edition in the rendition that fits `language` best, for the public or for the media.

    Raises ValueError where the edition is not public: no outlet may have it.
    """
    if edition.published_at is None or edition.sequence is None:
        raise ValueError(f"version {edition.version} of {edition.ref} is not public")
    shown = article(edition, language, base_url, audience=audience)
    rendition = rendition_for(edition.release, language)
    release, words = edition.release, furniture(rendition.language)
    first = edition.first_published_at or edition.published_at
    host = urlsplit(base_url).hostname or "localhost"
    guids = {tag: _guid(host, first, edition.ref, tag) for tag in release.languages()}
    text = not edition.retracted
    return NewsItem(
        edition=edition,
        rendition=rendition,
        words=words,
        shown=shown,
        guid=guids[rendition.language],
        status=STATUS[edition.act],
        urgency=URGENCY[release.priority],
        host=host,
        created=edition.published_at,
        first_created=first,
        embargoed=edition.t0 if release.embargo else None,
        editor_note="\n".join(map(unturned, filter(None, (shown.notice, shown.disclaimer)))),
        dateline=_dateline(rendition, words) if text else "",
        translations=tuple((t, g) for t, g in guids.items() if t != rendition.language),
        contacts=tuple(c for c in release.contacts if c.public or audience == "media")
        if text
        else (),
        mapped=_mapped(release) if text else (),
    )


def main_html(item: NewsItem) -> str:
    """The body alone, as HTML of the allow-list."""
    return safe(item.rendition.body)


def boilerplate_html(item: NewsItem) -> str:
    """The issuer's standing paragraph, as HTML of the allow-list."""
    return safe(item.rendition.boilerplate)


def page_url(item: NewsItem, base_url: str) -> str:
    """Where the release is read."""
    return release_url(base_url, item.edition.ref, item.rendition.language)


def topics(item: NewsItem) -> list[str]:
    """The release's Media Topics ("medtop:04000000"); what is not shaped like one is left out."""
    return list(dict.fromkeys(code for s in item.release.subjects if (code := qcode(s))))


def uri_of(url: str) -> str:
    """A web address as a URI (RFC 3986), other characters encoded; "" for what is no address."""
    written = line(url)
    scheme, separator, rest = written.partition("://")
    if not separator or scheme.lower() not in ("http", "https") or not rest.strip("/"):
        return ""
    place, mark, fragment = rest.partition("#")
    return f"{scheme.lower()}://{_encoded(place)}{mark}{_encoded(fragment)}"


def ticker_of(ticker: str) -> tuple[str, str]:
    """(market, symbol) of "XETR:TWD"; the market is "" where it has none."""
    market, colon, symbol = line(ticker).partition(":")
    return (market, symbol) if colon and market and symbol else ("", line(ticker))


def _encoded(part: str) -> str:
    return quote(_LOOSE_PERCENT.sub("%25", part), safe=_SAFE)


def _guid(host: str, first: datetime, ref: str, language: str) -> str:
    return f"urn:newsml:{quote(host, safe='')}:{first:%Y%m%d}:{ref}-{language}"


def _dateline(rendition: Rendition, words: Furniture) -> str:
    at = rendition.dateline
    if at is None or not line(at.place):
        return ""
    return unturned(str(words.dateline(line(at.place), at.country, at.date)))


def _mapped(release: Release) -> tuple[str, ...]:
    known = {qcode(s) for s in release.subjects}
    codes = (SECTORS.get(slug, "") for slug in release.sectors)
    return tuple(dict.fromkeys(code for code in codes if code and code not in known))
