"""Cards and spellings: a picture without boxes in it, and a language as others write it."""

import io
from dataclasses import replace

import pytest
from PIL import Image, ImageChops

from editions import an_edition
from tidewire.formats.article import Article, article
from tidewire.languages import known
from tidewire.languages.spellings import news_sitemap_language, open_graph_locale
from tidewire.newsroom import card


def drawn(headline: str, language: str = "en", issuer: str = "Perlmutt AG") -> Image.Image:
    shown: Article = article(an_edition(languages=(language,)), language, "https://wire.example")
    return Image.open(io.BytesIO(card.card(replace(shown, headline=headline, issuer=issuer))))


def same(one: Image.Image, other: Image.Image) -> bool:
    return ImageChops.difference(one, other).getbbox() is None


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch):
    """A machine without any fonts."""
    monkeypatch.setattr(card, "_FOLDERS", ())
    for kept in (card._faces, card._find, card._has):
        kept.cache_clear()
    yield
    for kept in (card._faces, card._find, card._has):
        kept.cache_clear()


def test_a_card_says_the_headline_and_the_issuer(bare):
    blank = drawn("", issuer="")
    assert blank.size == (1200, 630)
    assert not same(drawn("A headline"), drawn("Another one"))
    assert not same(drawn("A headline"), drawn("A headline", issuer="Someone Else"))


@pytest.mark.parametrize("text", ["潮力発電所", "محطة المد", "โรงไฟฟ้า", "Grüße", "\ue000"])
def test_what_no_face_has_letters_for_is_left_out_whole(bare, text):
    assert same(drawn(text), drawn(""))
    assert same(drawn("A headline", issuer=text), drawn("A headline", issuer=""))


def test_a_headline_too_long_for_a_card_is_left_out_whole():
    assert same(drawn("word " * 200), drawn(""))
    assert same(drawn("w" * 400), drawn(""))


def test_a_card_of_right_to_left_text_is_the_other_way_round():
    left, right = drawn("", "en", ""), drawn("", "ar", "")
    accent = (10, 86, 107)
    assert left.getpixel((5, 5)) == right.getpixel((1194, 5)) == accent
    assert left.getpixel((1194, 5)) != accent != right.getpixel((5, 5))


@pytest.mark.parametrize(
    ("tag", "locale", "news"),
    [
        ("zh-Hans", "zh_CN", "zh-cn"), ("zh-Hant", "zh_TW", "zh-tw"), ("zh-HK", "zh_HK", "zh-tw"),
        ("zh-SG", "zh_SG", "zh-cn"), ("ja", "ja_JP", "ja"), ("pt-PT", "pt_PT", "pt"),
        ("pt", "pt_BR", "pt"), ("de-AT", "de_AT", "de"), ("sr-Latn", "sr_RS", "sr"),
        ("fil", "fil_PH", "fil"), ("es-419", "es_ES", "es"), ("en", "en_US", "en"),
    ],
)  # fmt: skip
def test_a_language_has_one_spelling_for_each_reader(tag, locale, news):
    assert (open_graph_locale(tag), news_sitemap_language(tag)) == (locale, news)


def test_no_two_languages_of_ours_are_spelt_alike():
    tags = known()
    assert len({open_graph_locale(tag) for tag in tags}) == len(tags)
    assert len({news_sitemap_language(tag) for tag in tags}) == len(tags)
