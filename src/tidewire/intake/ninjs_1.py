"""ninjs 1.x on the way in: its small-letter keys under the names of 3.1."""

from typing import Any

from tidewire.formats.news_item import MIC
from tidewire.formats.ninjs_1_6 import BODIES, KEYS


def is_old(document: dict[str, Any]) -> bool:
    """True for a document of the 1.x line."""
    standard = document.get("$standard", document.get("standard"))
    version = standard.get("version") if isinstance(standard, dict) else None
    if isinstance(version, str):
        return version.startswith("1.")
    return "versioncreated" in document or "body_html" in document or "headline" in document


def from_1(old: dict[str, Any]) -> dict[str, Any]:
    """A document of the 1.x line with the keys of 3.1. What has the wrong type stays to be told."""
    new = {key: old[name] for key, name in KEYS.items() if name in old}
    new["headlines"] = [{"role": "main", "value": old["headline"]}] if "headline" in old else []
    if "headline_subheadline" in old:
        new["headlines"].append({"role": "subheadline", "value": old["headline_subheadline"]})
    new["bodies"] = [
        {"role": role, "value": old[key], "contentType": _kind(key)}
        for role, key in BODIES.items()
        if key in old
    ]
    for name, key in (("subject", "subjects"), ("place", "places"), ("infosource", "infoSources")):
        new[key] = _each(old.get(name, []), _coded)
    new["people"] = _each(old.get("person", []), _with("contactinfo", "contactInfo"))
    new["organisations"] = _each(old.get("organisation", []), _traded)
    linked = old.get("associations", {})
    new["associations"] = (
        [{**one, "rel": _relation(name)} for name, one in linked.items() if isinstance(one, dict)]
        if isinstance(linked, dict)
        else linked
    )
    return new


def _kind(key: str) -> str:
    return "text/html" if key.endswith("html") else "text/plain"


def _relation(name: str) -> str:
    return "updateOf" if name == "previous_version" else "translationOf" if "transl" in name else ""


def _each(found: Any, change: Any) -> Any:
    if not isinstance(found, list):
        return found
    return [change(one) if isinstance(one, dict) else one for one in found]


def _coded(one: dict[str, Any]) -> dict[str, Any]:
    scheme, code = one.get("scheme", ""), one.get("code", "")
    uri = f"{scheme}{code}" if isinstance(scheme, str) and scheme else ""
    if scheme in ("medtop", "mediatopic"):
        uri = f"medtop:{code}"
    return {**one, "uri": uri, "literal": code, "role": one.get("rel", "")}


def _with(old: str, new: str) -> Any:
    return lambda one: {**one, new: one.get(old, [])}


def _traded(one: dict[str, Any]) -> dict[str, Any]:
    """Symbols of 1.x have a ticker and an exchange, or a symbol and its type."""

    def changed(symbol: dict[str, Any]) -> dict[str, Any]:
        if "ticker" in symbol:
            where = symbol.get("exchange", "")
            return {"symbol": symbol["ticker"], "symbolType": MIC, "exchange": where}
        return {"symbol": symbol.get("symbol", ""), "symbolType": symbol.get("symboltype", "")}

    return {**one, "symbols": _each(one.get("symbols", []), changed)}
