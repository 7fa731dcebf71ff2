"""A feed as JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/)."""

from typing import Any

import msgspec

from tidewire.formats.feeds import GENERATOR, Feed, FeedItem
from tidewire.formats.pictures import ShownPicture
from tidewire.formats.wire_item import moment

VERSION = "https://jsonfeed.org/version/1.1"


def json_feed(feed: Feed) -> bytes:
    """The JSON Feed document, in UTF-8. A retracted item keeps its id, with its notice as text."""
    links = dict(feed.links("json"))
    document = {
        "version": VERSION,
        "title": feed.title,
        "home_page_url": feed.home_url,
        "feed_url": feed.urls["json"],
        "description": feed.description,
        "language": feed.language,
        "authors": [{"name": GENERATOR}],
        **({"hubs": [{"type": "WebSub", "url": links["hub"]}]} if "hub" in links else {}),
        **({"next_url": links["next"]} if "next" in links else {}),
        "items": [_item(item) for item in feed.items],
    }
    return msgspec.json.encode(document)


def _item(item: FeedItem) -> dict[str, Any]:
    author = {"name": item.author}
    if item.author_url:
        author["url"] = item.author_url
    return {
        "id": item.id,
        "url": item.url,
        "title": item.title,
        "summary": item.summary,
        **({"content_html": item.html} if item.html else {"content_text": item.summary}),
        **({"image": item.pictures[0].url} if item.pictures else {}),
        "date_published": moment(item.published),
        "date_modified": moment(item.updated),
        "authors": [author],
        "tags": [label for _, label in item.categories],
        "language": item.language,
        **({"attachments": [_attached(one) for one in item.pictures]} if item.pictures else {}),
        "_tidewire": {
            "sequence": item.sequence,
            "version": item.version,
            "act": str(item.act),
            "links": dict(item.others),
        },
    }


def _attached(picture: ShownPicture) -> dict[str, Any]:
    """A picture; its credit and its text for those who do not see it have no key of the format."""
    return {
        "url": picture.url,
        "mime_type": picture.media_type,
        **({"title": picture.words} if picture.words else {}),
        "size_in_bytes": picture.size,
        "_tidewire": {"alt": picture.alt, "credit": picture.credit},
    }
