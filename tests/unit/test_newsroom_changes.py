"""What a correction changed, in scripts with and without spaces."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tidewire.model.rendition import Rendition
from tidewire.newsroom.changes import Run, changes

BEFORE = Rendition(
    language="en",
    headline="Tidal park opens",
    body="<p>It stands at 38 metres and turns with the tide.</p><p>It is made up.</p>",
)


def test_the_same_text_has_no_changes() -> None:
    assert changes(BEFORE, BEFORE) == ()


def test_one_number_is_one_small_change() -> None:
    after = replace(BEFORE, body=BEFORE.body.replace("38", "36"))
    assert changes(BEFORE, after) == (
        (
            Run("kept", "It stands at "),
            Run("removed", "38"),
            Run("added", "36"),
            Run("kept", " metres and turns with the tide."),
        ),
    )


def test_headline_counts_too() -> None:
    after = replace(BEFORE, headline="Tidal park opens today")
    assert changes(BEFORE, after) == ((Run("kept", "Tidal park opens"), Run("added", " today")),)


def test_a_new_paragraph_is_added_whole() -> None:
    after = replace(BEFORE, body=BEFORE.body + "<p>Seals are not disturbed.</p>")
    assert changes(BEFORE, after) == ((Run("added", "Seals are not disturbed."),),)


def test_a_paragraph_that_says_something_else_is_replaced_whole() -> None:
    after = replace(BEFORE, body=BEFORE.body.replace("It is made up.", "Seals sleep, undisturbed"))
    assert changes(BEFORE, after) == (
        (Run("removed", "It is made up."),),
        (Run("added", "Seals sleep, undisturbed"),),
    )


def test_markup_alone_is_no_change() -> None:
    after = replace(BEFORE, body=BEFORE.body.replace("made up", "<em>made</em> up"))
    assert changes(BEFORE, after) == ()


def test_japanese_is_compared_by_character() -> None:
    before = Rendition("ja", "見出し", "<p>水深38メートルに四十基が並ぶ。</p>")
    after = replace(before, body="<p>水深36メートルに五十基が並ぶ。</p>")
    (change,) = changes(before, after)
    assert [run.text for run in change if run.kind == "removed"] == ["38", "四"]


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=40),
       st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=40))  # fmt: skip
def test_kept_and_added_make_the_new_text_kept_and_removed_the_old(old: str, new: str) -> None:
    before, after = Rendition("en", f"a {old}", ""), Rendition("en", f"a {new}", "")
    runs = [run for change in changes(before, after) for run in change]
    if before != after:
        assert "".join(run.text for run in runs if run.kind != "removed") == after.headline
        assert "".join(run.text for run in runs if run.kind != "added") == before.headline
