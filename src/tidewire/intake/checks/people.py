"""Who stands behind the release, and whom it is about."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from stdnum import isin, lei

from tidewire.intake.checks.found import error, warning
from tidewire.model.errors import Problem, Severity
from tidewire.model.release import Release

_MAIL = re.compile(
    r"[^\s@<>\"(),:;\\\[\]]{1,64}@[^\s@<>\"(),:;\\\[\]_]+\.[^\s@.<>\"(),:;\\\[\]_]{2,63}"
)
_PHONE = re.compile(r"[+(]?[\d(][\d ()/.\-–]{4,30}(?:\s*(?:x|ext\.?)\s*\d{1,6})?")
_TICKER = re.compile(r"[A-Z0-9]{4}:[A-Z0-9][A-Z0-9.\-]{0,11}")


def contacts(release: Release) -> Iterator[Problem]:
    """There is someone to ask; a warning only where a third party wrote the text."""
    if not release.contacts:
        yield Problem(
            Severity.WARNING if release.third_party else Severity.ERROR,
            "contact-missing",
            "/contacts",
            "There is no contact for questions.",
            "Name one with role, name and mail or phone.",
        )
    for at, contact in enumerate(release.contacts):
        if not contact.name and not contact.role:
            yield error(
                "contact-unnamed", f"/contacts/{at}/name", "A contact has no name.", "Name them."
            )
        if not contact.mail and not contact.phone:
            yield warning(
                "contact-unreachable",
                f"/contacts/{at}",
                "A contact has neither mail nor phone.",
                "Give one of them.",
            )
        if contact.mail and not _MAIL.fullmatch(contact.mail):
            yield error(
                "mail-invalid",
                f"/contacts/{at}/mail",
                "This is not a mail address.",
                "Write it as name@company.example.",
            )
        if contact.phone and not _PHONE.fullmatch(contact.phone):
            yield warning(
                "phone-doubtful",
                f"/contacts/{at}/phone",
                "This does not look like a phone number.",
                "Write it in the international form: +49 30 1234567.",
            )


def organisations(release: Release) -> Iterator[Problem]:
    """Identifiers have the shape and the check digits of their standard."""
    for at, organisation in enumerate(release.organisations):
        pointer = f"/organisations/{at}"
        if not organisation.name:
            yield error("organisation-unnamed", f"{pointer}/name", "It has no name.", "Name it.")
        if organisation.lei and not (organisation.lei.isascii() and lei.is_valid(organisation.lei)):
            yield error(
                "lei-invalid",
                f"{pointer}/lei",
                "This is not an LEI: its check digits do not fit (ISO 17442).",
                "Copy all 20 characters from the register.",
            )
        if organisation.isin and not (
            organisation.isin.isascii() and isin.is_valid(organisation.isin)
        ):
            yield error(
                "isin-invalid",
                f"{pointer}/isin",
                "This is not an ISIN: its check digit does not fit (ISO 6166).",
                "Copy all 12 characters.",
            )
        if organisation.ticker and not _TICKER.fullmatch(organisation.ticker):
            yield error(
                "ticker-invalid",
                f"{pointer}/ticker",
                "This is not a ticker of the form MIC:SYMBOL.",
                "Write the market's ISO 10383 code first: XETR:ABC.",
            )


def third_party(release: Release) -> Iterator[Problem]:
    """A text from a third party names it, with an address that can be linked to."""
    if release.third_party and not release.provider:
        yield warning(
            "provider-missing",
            "/provider",
            "A third party wrote this, but it is not named.",
            "Name the provider.",
        )
    if release.provider_url and not web_address(release.provider_url):
        yield error(
            "link-unsafe",
            "/provider_url",
            "This is not a web address.",
            "Write it as https://provider.example/.",
        )


def web_address(text: str) -> bool:
    """True for an http(s) URL with a host and no user part."""
    try:
        parts = urlsplit(text)
        return (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and "@" not in parts.netloc
            and not any(c.isspace() or c in '<>"' for c in text)
            and parts.port != 0
        )
    except ValueError:
        return False
