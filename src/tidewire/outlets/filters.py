"""What a puller asks to see: checked, so that a filter that does not exist is never "nothing"."""

from collections.abc import Mapping

from tidewire.languages import canonical, is_country, is_language
from tidewire.model.errors import BadQuery, Problem, Severity
from tidewire.model.issuer import Role
from tidewire.model.sectors import SECTORS
from tidewire.store import accounts, circuits
from tidewire.store.database import Connection

FILTERS = ("language", "sector", "country", "issuer", "circuit")
PARAMETERS = ("after", "limit", "format", "wait", *FILTERS)
_LONGEST = 200


def must_be_known(asked: Mapping[str, str]) -> None:
    """Raises BadQuery where the query has a parameter that there is not."""
    for name in asked:
        if name not in PARAMETERS:
            advice = f"There are: {', '.join(PARAMETERS)}."
            raise bad_query("parameter-unknown", name, "There is no such filter.", advice)


def read_filters(given: Mapping[str, str | None]) -> dict[str, str]:
    """The filters as the store compares them. Raises BadQuery where one can fit nothing."""
    wanted = {name: value for name, value in given.items() if value is not None}
    for name, value in wanted.items():
        if len(value) > _LONGEST or "\0" in value or not value.isprintable():
            raise bad_query("filter-unknown", name, "This cannot be a name.", "Write its name.")
    if (language := wanted.get("language")) is not None:
        if not is_language(language):
            raise bad_query(
                "filter-unknown", "language", "This is no language tag.", "Write it as BCP 47 does."
            )
        wanted["language"] = canonical(language) or language
    if (sector := wanted.get("sector")) is not None and sector not in SECTORS:
        raise bad_query(
            "filter-unknown", "sector", "There is no such sector.", f"There are: {_listed()}."
        )
    if (country := wanted.get("country")) is not None:
        if not is_country(country.upper()):
            raise bad_query(
                "filter-unknown", "country", "This is no country.", "Write it as ISO 3166-1 does."
            )
        wanted["country"] = country.upper()
    return wanted


async def must_exist(tx: Connection, wanted: Mapping[str, str]) -> None:
    """Raises BadQuery where there is no such issuer or circuit."""
    if (slug := wanted.get("issuer")) is not None and (
        await accounts.find_account(tx, Role.ISSUER, slug) is None
    ):
        raise bad_query("filter-unknown", "issuer", "There is no such issuer.", "Give its slug.")
    if (name := wanted.get("circuit")) is not None and await circuits.find(tx, name) is None:
        raise bad_query("filter-unknown", "circuit", "There is no such circuit.", "Ask the desk.")


def bad_query(code: str, name: str, message: str, advice: str) -> BadQuery:
    """A refusal that points at one parameter of the query."""
    pointer = "/" + name[:_LONGEST].replace("~", "~0").replace("/", "~1")
    found = Problem(Severity.ERROR, code, pointer, message, advice)
    return BadQuery(message, advice, [found])


def _listed() -> str:
    return ", ".join(SECTORS)
