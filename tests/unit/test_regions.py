"""Regions of the world: each country lies in one of the smallest, and in those around it."""

import pytest

from tidewire.audience.interest import parse, render
from tidewire.audience.rows import FORMS
from tidewire.languages.regions import WORLD, around, place_code, region_code, within
from tidewire.languages.tags import countries
from tidewire.model.errors import BadInput
from tidewire.model.subscriber import Clause, Facet, Kind

CONTINENTS = ("002", "009", "019", "142", "150")
SMALLEST = "005 011 013 014 015 017 018 021 029 030 034 035 039 053 054 057 061 143 145 151 154 155"


def test_every_country_lies_in_one_of_the_smallest_regions_and_on_one_continent() -> None:
    assert countries() <= within(WORLD)
    for country in countries() - {"AQ"}:
        assert sum(country in within(code) for code in SMALLEST.split()) == 1, country
        assert sum(country in within(code) for code in CONTINENTS) == 1, country
    assert around("AQ") == {"AQ", WORLD}


@pytest.mark.parametrize(
    ("country", "regions"),
    [
        ("DE", {"155", "150", "001"}),
        ("MX", {"013", "003", "419", "019", "001"}),
        ("TR", {"145", "142", "001"}),
        ("ZA", {"018", "202", "002", "001"}),
        ("XK", {"039", "150", "001"}),
    ],
)
def test_a_country_lies_in_its_regions(country: str, regions: set[str]) -> None:
    assert around(country) == {country, *regions}
    assert all(country in within(region) for region in regions)


def test_a_country_holds_itself_alone() -> None:
    assert within("DE") == {"DE"}
    assert within("155") == {"155", "AT", "BE", "CH", "DE", "FR", "LI", "LU", "MC", "NL"}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("150", "150"),
        ("Europe", "150"),
        ("western  ASIA", "145"),
        ("South-eastern Asia", "035"),
        ("Southeast Asia", "035"),
        ("Latin America and the Caribbean", "419"),
        ("de", "DE"),
        ("999", None),
        ("15", None),
        ("Germany", None),
        ("", None),
    ],
)
def test_a_place_is_a_country_code_or_a_region_by_code_or_name(text: str, code: str | None) -> None:
    assert place_code(text) == code
    assert region_code("DE") is None


def test_an_interest_names_regions_by_code_or_by_name() -> None:
    (clause,) = parse('country:150,"Western Asia",kr -country:"Northern Europe"')
    assert clause == Clause(
        {Facet.COUNTRY: frozenset({"150", "145", "KR"})}, {Facet.COUNTRY: frozenset({"154"})}
    )
    assert parse(render((clause,))) == (clause,)
    with pytest.raises(BadInput, match="'Atlantis' is not a country or region"):
        parse("country:Atlantis")


def test_an_imported_row_has_a_country_or_a_region() -> None:
    def country(text: str) -> str:
        values = ("d-1", "Desk", text, "de", "", "country:Europe")
        return str(FORMS[Kind.DESKTOP].read(2, values).profile.country)

    assert [country(text) for text in ("at", "150", "Europe", "")] == ["AT", "150", "150", ""]
    with pytest.raises(ValueError, match="'Atlantis' is neither a country"):
        country("Atlantis")
