"""How errors are described in the OpenAPI document: problem details (RFC 9457), by status."""

from typing import Any

MEDIA_TYPE = "application/problem+json"

_MEANINGS = {
    400: "Not readable: not JSON, or not UTF-8.",
    401: "No key, or one that is not known.",
    403: "The caller's role may not do this.",
    406: "There is no such format, or none that the caller takes.",
    429: "Asked too often; Retry-After says when to come back.",
    404: "There is no such thing, or the caller may not see it.",
    409: "It clashes with what is stored, or the release's state does not allow it.",
    413: "The request carries too much.",
    422: "Fields that cannot be taken; `errors` names each.",
    503: "The store does not answer now.",
}

PROBLEM: dict[str, Any] = {
    "type": "object",
    "title": "Problem details (RFC 9457)",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "severity", "message", "advice"],
                "properties": {
                    "pointer": {"type": "string", "description": "JSON Pointer (RFC 6901)"},
                    "code": {"type": "string"},
                    "severity": {"type": "string", "enum": ["error", "warning"]},
                    "message": {"type": "string"},
                    "advice": {"type": "string"},
                },
            },
        },
    },
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route for these statuses."""
    return {
        status: {
            "description": _MEANINGS[status],
            "content": {MEDIA_TYPE: {"schema": PROBLEM}},
        }
        for status in statuses
    }
