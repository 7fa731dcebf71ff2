"""What the wire writes around a text it can read: out as plain text, in again, in each language."""

import datetime
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from editions import an_edition
from tidewire.formats.article import article
from tidewire.formats.text import article_text
from tidewire.formats.text import plain as text_of
from tidewire.intake.plain import read_plain
from tidewire.intake.read import read_files
from tidewire.intake.submission import raw_release, read_submission, sanitised
from tidewire.languages import KNOWN_15, furniture, known, role, unturned
from tidewire.model.release import Release
from tidewire.model.rendition import Dateline

SAMPLES = Path(__file__).parents[2] / "samples" / "lanternfish"
BASE = "https://wire.example"


@cache
def sample() -> Release:
    paths = sorted(SAMPLES.glob("*.md"), key=lambda path: ".en." not in path.name)
    return sanitised(raw_release(read_submission(read_files(paths, {}))))


def again(text: str, language: str) -> Release:
    draft = read_plain(text, language)
    rendition = {**draft.rendition, "body_html": draft.body}
    return sanitised(raw_release(read_submission({**draft.shared, "renditions": [rendition]})))


def written(release: Release, language: str) -> str:
    edition = replace(an_edition(), issuer_name="Lanternfish Ferries", release=release)
    return article_text(article(edition, language, BASE, audience="media"), ["A line below."])


def words_of(markup: str) -> list[str]:
    return unturned(text_of(markup)).split()


@pytest.mark.parametrize("declared", [True, False])
@pytest.mark.parametrize("tag", KNOWN_15)
def test_a_release_that_went_out_comes_in_again_as_it_was(tag: str, declared: bool) -> None:
    release = sample()
    [before] = [r for r in release.renditions if r.language == tag]
    read = again(written(release, tag), tag if declared else "")
    [after] = read.renditions
    assert after.language == tag
    assert (after.headline, after.subheadline) == (before.headline, before.subheadline)
    assert before.dateline is not None
    assert after.dateline is not None
    assert after.dateline.place.casefold() == before.dateline.place.casefold()
    assert (after.dateline.country, after.dateline.date) == ("DK", datetime.date(2026, 3, 3))
    assert words_of(after.body) == words_of(before.body)
    assert words_of(after.boilerplate) == words_of(before.boilerplate)
    words = furniture(tag)
    assert [(role(c.role, words), c.name, c.mail, c.phone) for c in read.contacts] == [
        (role(c.role, words), c.name, c.mail, c.phone) for c in release.contacts
    ]
    assert (read.source, read.licence) == (release.source, release.licence)
    assert read.sectors == release.sectors


@pytest.mark.parametrize("tag", known())
def test_every_languages_furniture_is_read_back(tag: str) -> None:
    [english] = [r for r in sample().renditions if r.language == "en"]
    dateline = Dateline("Ember", "DE", datetime.date(2027, 12, 31))
    before = replace(english, language=tag, dateline=dateline)
    release = replace(
        sample(),
        renditions=(before,),
        third_party=True,
        provider="Seawire",
        provider_url="https://seawire.example/",
    )
    read = again(written(release, tag), tag)
    [after] = read.renditions
    assert after.dateline is not None
    assert (after.dateline.country, after.dateline.date) == (dateline.country, dateline.date)
    assert words_of(after.body) == words_of(before.body)
    assert words_of(after.boilerplate) == words_of(before.boilerplate)
    assert len(read.contacts) == 2
    assert (read.source, read.licence) == (release.source, release.licence)
    assert read.sectors == release.sectors
    assert (read.third_party, read.provider) == (True, "Seawire")
    assert read.provider_url == "https://seawire.example/"


# The same furniture as other newsrooms write it, without this wire's credit line.
OTHERS = {
    "fr": ("PORT-LOUIS, France, 3 mars 2026 – ", "À propos : Phare SA", "Contact presse",
           "Source : Phare SA", "Secteurs : Énergie, Tourisme"),
    "es": ("CÁDIZ, España, 3 de marzo de 2026 – ", "Acerca de Faro SA", "Contacto de prensa",
           "Fuente: Faro SA", "Sectores: Energía, Turismo"),
    "ja": ("東京、日本、2026年3月3日 – ", "灯台社について", "お問い合わせ先",
           "出典：灯台社", "業種：エネルギー、観光"),
    "ar": ("دبي، الإمارات العربية المتحدة، 3 مارس 2026 – ", "نبذة عن المنارة", "للتواصل الإعلامي",
           "المصدر: المنارة", "القطاعات: الطاقة، السياحة"),
    "th": ("กรุงเทพฯ, ไทย, 3 มีนาคม พ.ศ. 2569 – ", "เกี่ยวกับ ประภาคาร", "ติดต่อ",
           "ที่มา: ประภาคาร", ""),
}  # fmt: skip


@pytest.mark.parametrize("tag", OTHERS)
def test_the_furniture_of_others_is_read_in_their_language(tag: str) -> None:
    opening, about, asked, source, sectors = OTHERS[tag]
    [before] = [r for r in sample().renditions if r.language == tag]
    body = unturned(text_of(before.body)).split("\n\n")[:2]
    tail = [about, "Ж" * 40, asked, "Kim Template press@lanternfish.example +49 30 23125 010"]
    parts = [before.headline, opening + body[0], body[1], *tail, source, sectors]
    read = again("\n\n".join(part for part in parts if part), tag)
    [after] = read.renditions
    assert after.dateline is not None
    assert after.dateline.date == datetime.date(2026, 3, 3)
    assert after.dateline.country is not None
    assert words_of(after.body) == " ".join(body).split()
    assert words_of(after.boilerplate) == ["Ж" * 40]
    assert [(c.name, c.phone) for c in read.contacts] == [("Kim Template", "+49 30 23125 010")]
    assert read.source == source.split(":")[-1].split("：")[-1].strip()
    assert read.sectors == (("energy", "tourism") if sectors else ())


@pytest.mark.parametrize("tag", ["da", "es", "de", "ja"])
def test_text_that_looks_like_furniture_stays(tag: str) -> None:
    text = "Headline of some length\n\nOne paragraph here.\n\nOm havnen: i dag\n\nLast words."
    read = again(text, tag)
    [after] = read.renditions
    assert words_of(after.body) == text.split()[4:]
    assert not read.contacts
