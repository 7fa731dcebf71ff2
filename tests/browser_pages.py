"""The pages that are looked at in a browser, by a name for each, and how the browser starts."""

from site_world import Site

ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

PAGES = {
    "front": "/",
    "list in arabic": "/news/ar",
    "list in english": "/news/en",
    "sector": "/news/de/sector/energy",
    "country": "/news/ja/country/DE",
    "issuer": "/issuers/harbourlight",
    "day": "/archive/2026-03-03",
    "empty list": "/news/en/sector/gaming",
    "english": "/releases/tidal/en",
    "german": "/releases/tidal/de",
    "arabic": "/releases/tidal/ar",
    "japanese": "/releases/tidal/ja",
    "thai": "/releases/tidal/th",
    "traditional chinese": "/releases/tidal/zh-Hant",
    "corrected": "/releases/corrected/en",
    "killed": "/releases/killed/en",
    "missing": "/releases/nothing/en",
    "search": "/search",
    "search in english": "/search?q=tidal",
    "search in arabic": "/search?language=ar",
    "languages": "/languages",
    "one language": "/languages/de",
    "report in english": "report:en",
    "report in german": "report:de",
    "api reference": "/docs",
}


def address(site: Site, page: str) -> str:
    """Where the page is, whole."""
    where = PAGES[page]
    if where.startswith("report:"):
        return f"{site.report}&language={where.removeprefix('report:')}"
    return site.base_url + where
