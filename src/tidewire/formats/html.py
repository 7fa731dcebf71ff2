"""An article as HTML: a fragment for pages, feeds and items, and a document for mail."""

import re
from collections.abc import Sequence
from html import escape

from tidewire.formats import dress
from tidewire.formats.article import Article, ContactLine
from tidewire.formats.body import markup
from tidewire.formats.pictures import figure
from tidewire.formats.typeface import typeface
from tidewire.languages import isolated


def article_html(article: Article) -> str:
    """The article without its headline, as a fragment: notice, pictures, text, furniture.

    The first picture stands above the text, the others below it. It holds h2 and below, so that
    it fits under a page's own h1. Furniture in another language than the text says so in its lang
    attribute.
    """
    notice = f"<p><strong>{markup(article.notice)}</strong></p>" if article.notice else ""
    first, *others = [figure(picture) for picture in article.pictures] or [""]
    below = _furnished(article, _below(article))
    parts = [_furnished(article, notice), first, _text(article), *others, below]
    return "\n".join(part for part in parts if part)


def _text(article: Article, *, styled: bool = False) -> str:
    """Subheadline, body, and what the issuer says of itself."""
    about = f"<h2>{markup(article.about_issuer)}</h2>" if article.about_issuer else ""
    parts = [
        _set_off(escape(article.subheadline), article.language, "strong"),
        article.body_html,
        _furnished(article, about, styled=styled),
        article.boilerplate_html,
    ]
    return "\n".join(part for part in parts if part)


def article_mail(article: Article, foot: Sequence[str] = ()) -> str:
    """The article as an HTML document for mail; `foot` are lines of text at its end.

    Webmail takes html and body away, so the outer div has their attributes too.
    """
    face = typeface(article.language)
    place = f'lang="{escape(article.language)}" dir="{article.direction}"'
    return (
        f'<!DOCTYPE html>\n<html {place}>\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(article.marked_headline)}</title>\n"
        f"<style>{dress.DARK}</style>\n</head>\n"
        f'<body class="page" style="{dress.BODY}">\n'
        f'<div class="page" {place} style="{dress.PAGE}">\n'
        f'<div class="sheet" style="{dress.SHEET};{dress.text(face)}">\n'
        f"{_mail_text(article)}\n{_mail_foot(article, foot)}\n"
        "</div>\n</div>\n</body>\n</html>\n"
    )


def _mail_text(article: Article) -> str:
    """Notice, headline and text, in the text's own type."""
    face = typeface(article.language)
    parts = [
        _furnished(article, _mark(article)),
        f'<h1 style="{dress.title(face)}">{escape(article.headline)}</h1>',
        dress.dressed(_text(article, styled=True), article.direction, face),
        dress.dressed(_pictures(article), article.direction, face),
    ]
    return "\n".join(part for part in parts if part)


def _pictures(article: Article) -> str:
    """Where the pictures are to be had: a mail carries none."""
    if not article.pictures:
        return ""
    heading = _furnished(article, f"<h2>{markup(article.pictures_heading)}</h2>", styled=True)
    said = [
        "<br>".join(filter(None, (markup(one.legend(article.direction)), _link(escape(one.url)))))
        for one in article.pictures
    ]
    return "\n".join([heading, *(f"<p>{one}</p>" for one in said)])


def _mail_foot(article: Article, foot: Sequence[str]) -> str:
    """What stands below the text, in small type under a rule."""
    face = typeface(article.language)
    below = _furnished(article, _below(article), styled=True)
    ending = "".join(f"<p>{_linked(line)}</p>" for line in foot)
    parts = [
        below,
        f"<p>{_link(escape(article.url))}</p>",
        _furnished(article, ending, styled=True),
    ]
    said = dress.dressed("\n".join(parts), article.direction, face, small=True)
    return f'<div class="foot" style="{dress.foot(face)}">{said}</div>'


def _mark(article: Article) -> str:
    """What the edition is, and its notice: amber where it corrects, red where it takes back."""
    said = [f"<strong>{escape(article.mark)}</strong>" if article.mark else ""]
    said.append(markup(article.notice))
    kind = "red" if article.retracted else "amber"
    style = dress.notice(typeface(article.furniture_language), retracted=article.retracted)
    words = "<br>".join(part for part in said if part)
    return f'<div class="{kind}" role="note" style="{style}">{words}</div>' if words else ""


def _linked(line: str) -> str:
    """A line of text in HTML; an address at its end becomes a link."""
    return re.sub(r"https?://[^\s<]+(?=(</bdi>)?$)", lambda found: _link(found[0]), markup(line))


def _link(address: str) -> str:
    return f'<a href="{address}">{address}</a>'


def _below(article: Article) -> str:
    lines = [article.source_line, article.sectors_line, article.licence_line]
    lines += article.origin_lines
    contacts = "".join(_contact(article, contact) for contact in article.contacts)
    said = [
        f"<h2>{escape(article.contacts_heading)}</h2>{contacts}" if contacts else "",
        *(f"<p>{markup(line)}</p>" for line in lines if line),
        _set_off(markup(article.disclaimer), article.furniture_language),
        f"<p>{markup(article.published_line)}</p>" if article.published_line else "",
        f"<p>{markup(article.about_wire)}</p>",
    ]
    return "\n".join(part for part in said if part)


def _set_off(said: str, language: str, otherwise: str = "") -> str:
    """A paragraph in italics, or where the script has none in `otherwise` or plain."""
    tag = "em" if typeface(language).slants else otherwise
    return (f"<p><{tag}>{said}</{tag}></p>" if tag else f"<p>{said}</p>") if said else ""


def _contact(article: Article, contact: ContactLine) -> str:
    mail, way = escape(contact.mail), article.furniture_direction
    label, name, phone = (
        markup(isolated(part, way)) for part in (contact.label, contact.name, contact.phone)
    )
    said = [f"{label}: {name}", f'<a href="mailto:{mail}">{mail}</a>' if mail else "", phone]
    return f"<p>{'<br>'.join(part for part in said if part)}</p>"


def _furnished(article: Article, said: str, *, styled: bool = False) -> str:
    """Furniture in a div that names its language, where that is not the text's own.

    `styled` is for mail, which needs the type of the language as well.
    """
    if not said or article.furniture_language == article.language:
        return said
    lang, way = article.furniture_language, article.furniture_direction
    style = f' style="{dress.other(typeface(lang))}"' if styled else ""
    return f'<div lang="{lang}" dir="{way}"{style}>{said}</div>'
