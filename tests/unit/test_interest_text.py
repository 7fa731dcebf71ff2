"""The small text of an interest: what it means, how it is printed, what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidewire.audience.interest import LONGEST_VALUE, parse, render
from tidewire.audience.words import fold
from tidewire.model.errors import BadInput
from tidewire.model.sectors import SECTORS
from tidewire.model.subscriber import OUTLET_KINDS, Clause, Facet

free_text = (
    st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=20)
    .map(fold)
    .filter(lambda text: 0 < len(text) <= LONGEST_VALUE)
)
VALUES = {
    Facet.LANGUAGE: st.sampled_from(["de", "de-AT", "zh-Hant", "en", "ar"]),
    Facet.COUNTRY: st.sampled_from(["DE", "KR", "XK"]),
    Facet.SECTOR: st.sampled_from(sorted(SECTORS)),
    Facet.SUBJECT: st.integers(0, 99_999_999).map(lambda n: f"medtop:{n:08}"),
    Facet.ORGANISATION: free_text,
    Facet.KEYWORD: free_text,
    Facet.OUTLET_KIND: st.sampled_from(OUTLET_KINDS),
}
facets = st.fixed_dictionaries(
    {}, optional={f: st.frozensets(v, min_size=1, max_size=4) for f, v in VALUES.items()}
)
clauses = st.lists(st.builds(Clause, facets, facets), min_size=1, max_size=8).map(tuple)


@given(clauses)
def test_what_is_printed_is_read_back_as_the_same(interest: tuple[Clause, ...]) -> None:
    assert parse(render(interest)) == interest


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    try:
        parse(text)
    except BadInput as error:
        assert error.message.startswith("The interest") or error.message.startswith("In the")


def test_the_example_means_what_it_says() -> None:
    text = 'sector:energy,technology country:DE,AT -sector:gaming OR keyword:"wind power"'
    assert parse(text) == (
        Clause(
            {
                Facet.SECTOR: frozenset({"energy", "technology"}),
                Facet.COUNTRY: frozenset({"DE", "AT"}),
            },
            {Facet.SECTOR: frozenset({"gaming"})},
        ),
        Clause({Facet.KEYWORD: frozenset({"wind power"})}),
    )


@pytest.mark.parametrize("text", ["", "   ", "*"])
def test_an_empty_interest_is_everything(text: str) -> None:
    assert parse(text) == (Clause(),)


def test_values_take_their_one_spelling() -> None:
    (clause,) = parse('country:de language:ZH-hant keyword:"WIND  Straße" subject:04000000')
    assert clause.wants == {
        Facet.COUNTRY: frozenset({"DE"}),
        Facet.LANGUAGE: frozenset({"zh-Hant"}),
        Facet.KEYWORD: frozenset({"wind strasse"}),
        Facet.SUBJECT: frozenset({"medtop:04000000"}),
    }


def test_a_facet_that_is_named_twice_is_one_facet() -> None:
    (clause,) = parse("sector:energy sector:gaming")
    assert clause.wants == {Facet.SECTOR: frozenset({"energy", "gaming"})}


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("sector:energy sectr:gaming", "column 15", "'sectr' is not a facet"),
        ("sector:enrgy", "column 1", "'enrgy' is not a sector"),
        ("country:XX", "column 1", "'XX' is not a country"),
        ("language:deutsch", "column 1", "'deutsch' is not a language"),
        ("subject:energy", "column 1", "'energy' is not a subject"),
        ("outlet-kind:radio", "column 1", "'radio' is not a kind of outlet"),
        ("sector:energy,", "column 1", "empty or badly quoted"),
        ("keyword:", "column 1", "empty or badly quoted"),
        ('sector:energy keyword:"wind', "column 23", "open quote"),
        ("energy", "column 1", "'energy' is not a facet"),
        ("sector:energy OR", "", "no clause before or after"),
        ("OR sector:energy", "", "no clause before or after"),
        (" OR ".join(["sector:energy"] * 9), "", "9 clauses"),
    ],
)
def test_a_wrong_interest_is_refused_with_its_place(text: str, where: str, what: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse(text)
    assert where in caught.value.message
    assert what in caught.value.message
    assert caught.value.advice
