"""A release page for machines: schema.org's NewsArticle (30.0) as JSON-LD.

It says what the page says, and nothing that is not on it. Of what was taken back there is the
headline, and that and why it was.
"""

import json
from datetime import UTC, datetime
from typing import Any

from markupsafe import Markup

from tidewire.formats import addresses
from tidewire.formats.article import Article
from tidewire.formats.body import line
from tidewire.formats.pictures import ShownPicture
from tidewire.formats.rights import MINING_CODES, PLUS
from tidewire.languages import furniture, unturned
from tidewire.model.release import Act, Edition, Organisation
from tidewire.model.rendition import Hand, Rendition
from tidewire.newsroom.card import SIZE

GENRE = "http://cv.iptc.org/newscodes/genre/Press_Release"
TOPICS = "http://cv.iptc.org/newscodes/mediatopic/"
MACHINE = "https://schema.org/TrainedAlgorithmicMediaDigitalSource"

# What could end the script element or begin a comment in it, as JSON writes any character.
_ESCAPES = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}

Thing = dict[str, Any]


def data_block(thing: Thing) -> Markup:
    """The thing as the text of a script element of type application/ld+json."""
    text = json.dumps(thing, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.translate(_ESCAPES))  # noqa: S704 (nothing in it ends the element)


def news_article(edition: Edition, article: Article, base_url: str) -> Thing:
    """The page as a NewsArticle; `article` is the edition in the page's language."""
    assert edition.published_at is not None
    first = edition.first_published_at or edition.published_at
    found: Thing = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "@id": article.url,
        "url": article.url,
        "mainEntityOfPage": {"@type": "WebPage", "@id": article.url},
        "headline": article.headline,
        "inLanguage": article.language,
        "datePublished": _instant(first),
        "dateModified": _instant(edition.published_at),
        "author": [_issuer(edition, base_url)],
        "publisher": _wire(base_url),
        "genre": GENRE,
        "isAccessibleForFree": True,
        "identifier": edition.ref,
        "version": edition.version,
    }
    if article.notice:
        found["correction"] = {
            "@type": "CorrectionComment",
            "text": unturned(article.notice),
            "inLanguage": article.furniture_language,
            "datePublished": _instant(edition.published_at),
        }
    if edition.retracted:
        found["creativeWorkStatus"] = "Killed" if edition.act is Act.KILL else "Withdrawn"
        return found
    rendition = edition.release.rendition(article.language)
    return found | _given(
        **_text(edition, article, base_url),
        **_rights(edition, article),
        **_origin(edition, rendition, base_url),
    )


def _given(**values: Any) -> Thing:
    return {name: value for name, value in values.items() if value}


def _text(edition: Edition, article: Article, base_url: str) -> Thing:
    release = edition.release
    rendition = release.rendition(article.language)
    words = furniture(article.language)
    place = line(rendition.dateline.place) if rendition.dateline else ""
    return {
        "image": [_picture(one) for one in article.pictures] or [_card(edition, article, base_url)],
        "alternativeHeadline": article.subheadline,
        "description": article.subheadline or article.headline,
        "locationCreated": {"@type": "Place", "name": place} if place else None,
        "articleSection": [words.sector(slug) for slug in release.sectors],
        "about": [_subject(code, words.subject(code)) for code in release.subjects],
        "mentions": [_organisation(one) for one in release.organisations if line(one.name)],
    }


def _card(edition: Edition, article: Article, base_url: str) -> Thing:
    url = addresses.card_url(base_url, edition.ref, article.language, edition.version)
    return {"@type": "ImageObject", "url": url, "width": SIZE[0], "height": SIZE[1]}


def _picture(one: ShownPicture) -> Thing:
    return {
        "@type": "ImageObject",
        "url": one.url,
        "contentUrl": one.url,
        "encodingFormat": one.media_type,
        "width": one.width,
        "height": one.height,
        **_given(caption=one.caption, description=one.alt, creditText=one.credit),
    }


def _rights(edition: Edition, article: Article) -> Thing:
    """Licence and third party: as the lines at the end of the page say them."""
    release = edition.release
    licence = line(release.licence)
    if licence and not licence.startswith(("https://", "http://")):
        terms: Any = {"@type": "CreativeWork", "name": licence}
    else:
        terms = licence
    provider = line(release.provider)
    mining = release.data_mining
    return {
        "license": terms,
        "usageInfo": PLUS + MINING_CODES[mining] if mining else None,
        "creditText": unturned(article.disclaimer or article.source_line),
        "provider": _organised(provider, release.provider_url)
        if release.third_party and provider
        else None,
    }


def _origin(edition: Edition, rendition: Rendition, base_url: str) -> Thing:
    """Whose words these are: translated from what, into what, by whom.

    Renditions are translations of the first one where the issuer says that it prevails, or
    where a translator is named.
    """
    release = edition.release
    first, *others = release.renditions
    url = addresses.release_url
    translated = rendition is not first and (release.prevails or rendition.made_by)
    into = [one for one in others if rendition is first and (release.prevails or one.made_by)]
    maker = rendition.made_by
    return {
        "translationOfWork": _work(url(base_url, edition.ref, first.language), first.language)
        if translated
        else None,
        "workTranslation": [
            _work(url(base_url, edition.ref, one.language), one.language) for one in into
        ],
        "translator": {"@type": "Person", "name": line(maker.name)}
        if maker and maker.hand is Hand.PERSON
        else None,
        "digitalSourceType": MACHINE if rendition.by_machine else None,
    }


def _work(url: str, language: str) -> Thing:
    return {"@type": "NewsArticle", "@id": url, "url": url, "inLanguage": language}


def _issuer(edition: Edition, base_url: str) -> Thing:
    own = addresses.issuer_url(base_url, edition.issuer_slug)
    website = line(edition.issuer_website)
    same = [website] if website.startswith(("https://", "http://")) else None
    return {
        "@type": "Organization",
        "@id": own,
        "name": line(edition.issuer_name),
        **_given(url=own, sameAs=same),
    }


def _wire(base_url: str) -> Thing:
    home = addresses.front_url(base_url)
    logo = {"@type": "ImageObject", "url": f"{base_url}/static/icon.svg"}
    return {"@type": "Organization", "@id": home, "name": "Tidewire", "url": home, "logo": logo}


def _organised(name: str, url: str) -> Thing:
    web = line(url) if line(url).startswith(("https://", "http://")) else ""
    return {"@type": "Organization", "name": name, **_given(url=web)}


def _organisation(one: Organisation) -> Thing:
    known = _given(leiCode=one.lei, tickerSymbol=one.ticker)
    isin = {"@type": "PropertyValue", "propertyID": "ISIN", "value": one.isin} if one.isin else None
    return {"@type": "Organization", "name": line(one.name), **known, **_given(identifier=isin)}


def _subject(code: str, label: str) -> Thing:
    scheme, _, number = code.partition(":")
    topic = f"{TOPICS}{number}" if scheme == "medtop" else ""
    return {"@type": "Thing", "name": label, **_given(sameAs=topic)}


def _instant(at: datetime) -> str:
    """With its offset, to the second: "2026-03-03T12:00:00+00:00"."""
    return at.astimezone(UTC).isoformat(timespec="seconds")
