"""XML from outside, read without trusting it: no DTD, no entities, no network, bounded depth."""

from lxml import etree

from tidewire.model.errors import Unreadable


def parse_xml(text: str) -> etree._Element:
    """The root element. Raises Unreadable for a document type, whatever is in it, and for bad XML.

    Without a document type there are no entities but XML's own five. libxml2 stops at 256 elements
    inside each other, and at names and texts that are too long.
    """
    if _declares_type(text):
        raise Unreadable(
            "This XML has a document type (<!DOCTYPE ...>), which is not taken.",
            "Send it without; news items need none.",
        )
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(text.encode(), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        where = f" (line {line})" if line else ""
        raise Unreadable(
            f"This is not well-formed XML, or it is nested too deeply{where}.",
            "Check it with an XML parser.",
        ) from None


def _declares_type(text: str) -> bool:
    """True where a document type stands before the root element, where alone it may stand."""
    at = 0
    while (at := text.find("<", at)) >= 0:
        if text.startswith("<!--", at):
            end = text.find("-->", at)
        elif text.startswith("<?", at):
            end = text.find("?>", at)
        else:
            return text.startswith("<!", at)
        if end < 0:
            return False
        at = end
    return False
