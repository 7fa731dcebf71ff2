"""Codes as marks: what is written is read again; what is typed wrongly is told apart."""

import pytest

from tidewire.formats.codes import Code, Side, coded, fault
from tidewire.formats.marks import marked, read_marked

MARKUP = (
    'See <a href="https://a.example">the <strong>new</strong> report</a>,<br>in H<sub>2</sub>O.'
)


def test_what_is_written_is_read_again() -> None:
    pieces, _ = coded(MARKUP)
    text = marked(pieces)
    assert text == "See ⟦1⟧the ⟦2⟧new⟦/2⟧ report⟦/1⟧,⟦3⟧in H⟦4⟧2⟦/4⟧O."
    assert read_marked(text, pieces) == pieces


def test_lines_of_a_form_are_one_text_and_no_break_spaces_stay() -> None:
    assert read_marked(" 48\u00a0000\r\nfoyers ", ()) == ("48\u00a0000 foyers",)
    assert read_marked("a\x00b", ()) == read_marked("ab", ())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("⟦1⟧x⟦/1⟧", "lacks code 2"),
        ("⟦1⟧⟦2⟧x⟦/1⟧⟦/2⟧⟦3⟧⟦4⟧y⟦/4⟧", "closes code 1"),
        ("⟦7⟧", "has a code 7"),
        ("⟦/3⟧", "has a code 3"),
        ("⟦3⟧⟦3⟧", "code 3 twice"),
    ],
)
def test_a_mark_that_is_lost_or_broken_is_a_fault(text: str, said: str) -> None:
    pieces, _ = coded(MARKUP)
    assert said in fault(pieces, read_marked(text, pieces))


def test_brackets_that_are_no_mark_are_text() -> None:
    assert read_marked("⟦x⟧ ⟦0⟧ ⟦⟧", ()) == ("⟦x⟧ ⟦0⟧ ⟦⟧",)
    assert read_marked("⟦1⟧", (Code(1, Side.LONE),)) == (Code(1, Side.LONE),)
