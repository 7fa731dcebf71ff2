"""The API reference at /docs: our own OpenAPI 3.1 document as one page, without any script."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse, Response
from markupsafe import Markup, escape

from tidewire.formats import site
from tidewire.languages import furniture

METHODS = ("get", "post", "put", "patch", "delete")
LIMITS = ("pattern", "minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems")

_CODE = re.compile(r"`+([^`]+)`+")


@dataclass(frozen=True, slots=True)
class Kind:
    """The kind of a value: words, and the component schema that it names, if it does."""

    text: str
    schema: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter or a property."""

    name: str
    place: str
    kinds: tuple[Kind, ...]
    required: bool
    description: str
    limits: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One response of an operation, or the body that it takes."""

    code: str
    phrase: str
    description: str
    media: tuple[tuple[str, tuple[Kind, ...]], ...]
    example: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path."""

    anchor: str
    method: str
    path: str
    summary: str
    description: str
    secured: bool
    parameters: tuple[Field, ...]
    body: Answer | None
    answers: tuple[Answer, ...]


def marked(text: str) -> Markup:
    """A description as HTML: what stands between backticks becomes code, all else is escaped."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 escaped just here


_templates = site.templates("tidewire.app")
_templates.filters["marked"] = marked


def routes(app: FastAPI) -> APIRouter:
    """/docs, drawn from whatever `app` has mounted when the page is asked for."""
    router = APIRouter(include_in_schema=False)

    @router.api_route("/docs", methods=["GET", "HEAD"])
    async def docs(request: Request) -> Response:
        body = reference_page(app.openapi()).encode()
        headers = {"ETag": site.entity_tag(body), "Cache-Control": "no-cache"}
        if site.still_fresh(request.headers.get("if-none-match", ""), headers["ETag"]):
            return Response(status_code=304, headers=headers)
        return HTMLResponse(body, headers=headers)

    return router


def reference_page(document: Mapping[str, Any]) -> str:
    """An OpenAPI 3.1 document as HTML: operations by tag, then every schema they name."""
    schemas = document.get("components", {}).get("schemas", {})
    return _templates.get_template("api_reference.html").render(
        language="en",
        direction="ltr",
        words=furniture("en"),
        info=document["info"],
        groups=_groups(document),
        schemas=[
            (name, schema.get("description", ""), _properties(schema), _kinds(schema))
            for name, schema in sorted(schemas.items())
        ],
        security=list(document.get("components", {}).get("securitySchemes", {}).items()),
    )


def _groups(document: Mapping[str, Any]) -> dict[str, list[Operation]]:
    groups: dict[str, list[Operation]] = {}
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                operation = item[method]
                group = (operation.get("tags") or ["other"])[0]
                shared = item.get("parameters", [])
                groups.setdefault(group, []).append(_operation(method, path, operation, shared))
    return groups


def _operation(
    method: str, path: str, said: Mapping[str, Any], shared: Sequence[Mapping[str, Any]]
) -> Operation:
    body = said.get("requestBody")
    return Operation(
        anchor=f"{method}{path}".replace("/", "-").replace("{", "").replace("}", ""),
        method=method.upper(),
        path=path,
        summary=said.get("summary", ""),
        description=said.get("description", ""),
        secured=bool(said.get("security")),
        parameters=tuple(
            _field(one["name"], one["in"], one.get("schema", {}), one)
            for one in (*shared, *said.get("parameters", ()))
        ),
        body=_answer("", body) if body else None,
        answers=tuple(_answer(code, one) for code, one in said.get("responses", {}).items()),
    )


def _answer(code: str, said: Mapping[str, Any]) -> Answer:
    content = said.get("content", {})
    return Answer(
        code=code,
        phrase=HTTPStatus(int(code)).phrase if code.isdigit() else "",
        description=said.get("description", ""),
        media=tuple((kind, _kinds(one.get("schema", {}))) for kind, one in content.items()),
        example=next((text for one in content.values() if (text := _example(one))), ""),
    )


def _example(content: Mapping[str, Any]) -> str:
    """The first example given with the content or with its schema, as it would be sent."""
    named = [one.get("value") for one in content.get("examples", {}).values()]
    schema = content.get("schema", {})
    for value in (
        content.get("example"),
        *named,
        schema.get("example"),
        *schema.get("examples", ()),
    ):
        if value is not None:
            return (
                value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
            )
    return ""


def _properties(schema: Mapping[str, Any]) -> list[Field]:
    required = schema.get("required", ())
    return [
        _field(name, "", one, {"required": name in required, **one})
        for name, one in schema.get("properties", {}).items()
    ]


def _field(name: str, place: str, schema: Mapping[str, Any], said: Mapping[str, Any]) -> Field:
    limits = [f"{key}: {schema[key]}" for key in LIMITS if key in schema]
    if schema.get("default") not in (None, "", [], {}):
        limits.append(f"default: {json.dumps(schema['default'], ensure_ascii=False)}")
    return Field(
        name=name,
        place=place,
        kinds=_kinds(schema),
        required=said.get("required") is True,
        description=said.get("description") or schema.get("description", ""),
        limits=", ".join(limits),
    )


def _kinds(schema: Mapping[str, Any]) -> tuple[Kind, ...]:
    """What a value can be, as alternatives in reading order."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return (Kind(name, name),)
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            return tuple(kind for one in schema[key] for kind in _kinds(one))
    if "enum" in schema:
        return (Kind(" | ".join(json.dumps(one, ensure_ascii=False) for one in schema["enum"])),)
    if "const" in schema:
        return (Kind(json.dumps(schema["const"], ensure_ascii=False)),)
    kind = schema.get("type", "any")
    if kind == "array":
        inner = _kinds(schema.get("items", {}))
        return tuple(Kind(f"list of {one.text}", one.schema) for one in inner)
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        inner = _kinds(schema["additionalProperties"])
        return tuple(Kind(f"map of {one.text}", one.schema) for one in inner)
    words = " or ".join(kind) if isinstance(kind, list) else str(kind)
    return (Kind(f"{words} ({schema['format']})" if "format" in schema else words),)
