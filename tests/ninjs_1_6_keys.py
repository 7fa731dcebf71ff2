"""What ninjs 1.6 takes: our own account of IPTC's schema, as far as a text item goes.

IPTC's schema of 1.6 is not among those beside the repository. Keys, enumerations, formats and what
must be there are as it has them; nothing else is allowed, as there.
"""

from functools import cache
from typing import Any

import jsonschema

TEXT = {"type": "string"}
URI = {"type": "string", "format": "uri"}
MOMENT = {"type": "string", "format": "date-time"}
NUMBER = {"type": "number"}


def only(required: tuple[str, ...] = (), **keys: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": keys,
        "additionalProperties": False,
        "required": list(required),
    }


def listed(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def named(pattern: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "patternProperties": {pattern: value}, "additionalProperties": False}


CONTACT = listed(only(("value",), type=TEXT, role=TEXT, lang=TEXT, name=TEXT, value=TEXT))
CODED = {"name": TEXT, "rel": TEXT, "scheme": URI, "code": TEXT}
SYMBOLS = listed(only(ticker=TEXT, exchange=TEXT, symboltype=URI, symbol=TEXT))
RENDITION = only(href=URI, mimetype=TEXT, title=TEXT, height=NUMBER, width=NUMBER, format=TEXT)

SCHEMA: dict[str, Any] = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    **only(
        ("uri",),
        uri=URI,
        type={"enum": ["text", "audio", "video", "picture", "graphic", "composite", "component"]},
        mimetype=TEXT,
        representationtype={"enum": ["complete", "incomplete"]},
        profile=TEXT,
        version=TEXT,
        firstcreated=MOMENT,
        versioncreated=MOMENT,
        contentcreated=MOMENT,
        embargoed=MOMENT,
        expires=MOMENT,
        pubstatus={"enum": ["usable", "withheld", "canceled"]},
        urgency={"type": "integer", "minimum": 1, "maximum": 9},
        copyrightholder=TEXT,
        copyrightnotice=TEXT,
        usageterms=TEXT,
        ednote=TEXT,
        language=TEXT,
        title=TEXT,
        byline=TEXT,
        headline=TEXT,
        slugline=TEXT,
        located=TEXT,
        charcount=NUMBER,
        wordcount=NUMBER,
        person=listed(only(**CODED, contactinfo=CONTACT)),
        organisation=listed(only(**CODED, symbols=SYMBOLS, contactinfo=CONTACT)),
        place=listed(only(**CODED, contactinfo=CONTACT)),
        subject=listed(only(**CODED, creator=TEXT)),
        infosource=listed(only(**CODED, contactinfo=CONTACT)),
        genre=listed(only(name=TEXT, scheme=URI, code=TEXT)),
        renditions=named("^[a-zA-Z0-9_]+$", RENDITION),
        associations=named("^[a-zA-Z0-9_]+$", {"$ref": "#"}),
        altids={"type": "object"},
    ),
    "patternProperties": {"^(description|body|headline)_[a-zA-Z0-9_]+": TEXT},
}
SCHEMA["properties"]["$standard"] = only(name=TEXT, version=TEXT, schema=URI)


@cache
def ninjs_1_6_validator() -> jsonschema.Draft7Validator:
    """Checks keys, types and formats of a ninjs 1.6 document."""
    checker = jsonschema.Draft7Validator.FORMAT_CHECKER
    return jsonschema.Draft7Validator(SCHEMA, format_checker=checker)
