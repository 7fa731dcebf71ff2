"""Keywords: found as whole words, in any case, and inside words in spaceless scripts."""

import pytest

from tidewire.audience.words import Keywords, fold, plain


@pytest.mark.parametrize(
    ("keyword", "text", "found"),
    [
        ("wind", "The WIND blows", True),
        ("wind", "The window is open", False),
        ("wind", "Rewind", False),
        ("wind", "wind-power, wind.", True),
        ("wind power", "Wind\n  power", True),
        ("straße", "STRASSE", True),
        ("café", "cafe\u0301", True),
        ("c++", "C++ is old", True),
        ("ai", "新しいAIの時代", True),
        ("電力", "風力発電と電力会社", True),
        ("พลังงาน", "บริษัทพลังงานลม", True),
        ("전자", "달빛전자가 오늘", True),
        ("энергия", "Новая Энергия моря", True),
        ("энерги", "Новая Энергия моря", False),
        ("हिन्द", "हिन्दी", False),
    ],
)
def test_a_keyword_is_found_where_it_stands_alone(keyword: str, text: str, found: bool) -> None:
    assert bool(Keywords([fold(keyword)]).find(text)) is found


def test_keywords_that_overlap_are_all_found() -> None:
    words = Keywords(["wind", "wind power", "power", "solar"])
    assert words.find("New wind power plant") == {"wind", "wind power", "power"}


def test_no_keywords_find_nothing() -> None:
    assert Keywords([]).find("anything") == frozenset()


def test_blocks_part_words_and_inline_marks_do_not() -> None:
    text = plain("<ul><li>wind</li><li>po<strong>wer</strong></li></ul><!-- sea --><p>a<br>b</p>")
    assert text.split() == ["wind", "power", "a", "b"]
