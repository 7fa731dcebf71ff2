"""An article as HTML: a fragment for pages, feeds and items, and a document for mail."""

import re
from collections.abc import Sequence
from html import escape

from tidewire.formats import dress
from tidewire.formats.article import Article, ContactLine


def article_html(article: Article) -> str:
    """The article without its headline, as a fragment: subheadline, notice, text, furniture.

    It holds h2 and below, so that it fits under a page's own h1. Furniture in another language
    than the text says so in its lang attribute.
    """
    notice = f"<p><strong>{escape(article.notice)}</strong></p>" if article.notice else ""
    parts = [_furnished(article, notice), _text(article), _furnished(article, _below(article))]
    return "\n".join(part for part in parts if part)


def _text(article: Article) -> str:
    """Subheadline, body, and what the issuer says of itself."""
    about = f"<h2>{escape(article.about_issuer)}</h2>" if article.about_issuer else ""
    parts = [
        f"<p><em>{escape(article.subheadline)}</em></p>" if article.subheadline else "",
        article.body_html,
        _furnished(article, about),
        article.boilerplate_html,
    ]
    return "\n".join(part for part in parts if part)


def article_mail(article: Article, foot: Sequence[str] = ()) -> str:
    """The article as an HTML document for mail; `foot` are lines of text at its end.

    Webmail takes html and body away, so the outer div has their attributes too.
    """
    place = f'lang="{escape(article.language)}" dir="{article.direction}"'
    return (
        f'<!DOCTYPE html>\n<html {place}>\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(article.marked_headline)}</title>\n"
        f"<style>{dress.DARK}</style>\n</head>\n"
        f'<body class="page" style="{dress.BODY}">\n'
        f'<div class="page" {place} style="{dress.PAGE}">\n'
        f'<div class="sheet" style="{dress.SHEET};{dress.SERIF}">\n'
        f"{_mail_text(article)}\n{_mail_foot(article, foot)}\n"
        "</div>\n</div>\n</body>\n</html>\n"
    )


def _mail_text(article: Article) -> str:
    """Notice, headline and text, in the text's own type."""
    parts = [
        _furnished(article, _mark(article)),
        f'<h1 style="{dress.TITLE}">{escape(article.headline)}</h1>',
        dress.dressed(_text(article), article.direction),
    ]
    return "\n".join(part for part in parts if part)


def _mail_foot(article: Article, foot: Sequence[str]) -> str:
    """What stands below the text, in small type under a rule."""
    address = _furnished(article, _below(article)), f"<p>{_link(escape(article.url))}</p>"
    ending = _furnished(article, "".join(f"<p>{_linked(line)}</p>" for line in foot))
    said = dress.dressed("\n".join([*address, ending]), article.direction, small=True)
    return f'<div class="foot" style="{dress.FOOT}">{said}</div>'


def _mark(article: Article) -> str:
    """What the edition is, and its notice: amber where it corrects, red where it takes back."""
    said = [f"<strong>{escape(article.mark)}</strong>" if article.mark else ""]
    said.append(escape(article.notice))
    kind, style = ("red", dress.RED) if article.retracted else ("amber", dress.AMBER)
    words = "<br>".join(part for part in said if part)
    return f'<div class="{kind}" role="note" style="{style}">{words}</div>' if words else ""


def _linked(line: str) -> str:
    """A line of text in HTML; an address at its end becomes a link."""
    return re.sub(r"https?://\S+$", lambda found: _link(found[0]), escape(line))


def _link(address: str) -> str:
    return f'<a href="{address}">{address}</a>'


def _below(article: Article) -> str:
    lines = [article.source_line, article.sectors_line, article.licence_line]
    contacts = "".join(_contact(article, contact) for contact in article.contacts)
    said = [
        f"<h2>{escape(article.contacts_heading)}</h2>{contacts}" if contacts else "",
        *(f"<p>{escape(line)}</p>" for line in lines if line),
        f"<p><em>{escape(article.disclaimer)}</em></p>" if article.disclaimer else "",
        f"<p>{escape(article.published_line)}</p>" if article.published_line else "",
        f"<p>{escape(article.about_wire)}</p>",
    ]
    return "\n".join(part for part in said if part)


def _contact(article: Article, contact: ContactLine) -> str:
    mail, phone = escape(contact.mail), escape(contact.phone)
    if phone and article.direction == "rtl":
        phone = f"<bdi>{phone}</bdi>"  # else the groups of its digits change places
    said = [
        f"{escape(contact.label)}: {escape(contact.name)}",
        f'<a href="mailto:{mail}">{mail}</a>' if mail else "",
        phone,
    ]
    return f"<p>{'<br>'.join(part for part in said if part)}</p>"


def _furnished(article: Article, markup: str) -> str:
    """Furniture in a div that names its language, where that is not the text's own."""
    if not markup or article.furniture_language == article.language:
        return markup
    lang, way = article.furniture_language, article.furniture_direction
    return f'<div lang="{lang}" dir="{way}">{markup}</div>'
