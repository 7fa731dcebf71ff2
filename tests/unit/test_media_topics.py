"""Media topics: their spellings, what is above them, and what is read of IPTC's export."""

import datetime
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidewire.audience.media_topics import read_export
from tidewire.languages import furniture, known
from tidewire.languages.read import read, toml
from tidewire.languages.subjects import subject_label
from tidewire.model.errors import BadInput, Misconfigured
from tidewire.model.media_topics import (
    SECOND_SUBJECTS,
    SHIPPED,
    MediaTopic,
    MediaTopics,
    qcode,
    uri,
)
from tidewire.model.sectors import SECTORS, TOP_SUBJECTS

ROOT = Path(__file__).parents[2]
OLD_EXPORT = ROOT.parent / "shared" / "data" / "mediatopics.json"
LANGUAGES = Path(read.__code__.co_filename).parent
BASE = "http://cv.iptc.org/newscodes/mediatopic/"
ECONOMY, ENERGY, RETIRED = "medtop:04000000", "medtop:20000256", "medtop:20000271"

# In the form of IPTC's server, with labels of our own.
EXPORT: dict[str, Any] = {
    "uri": BASE,
    "dateReleased": "2026-07-02T12:00:00+00:00",
    "conceptSet": [
        {
            "uri": f"{BASE}04000000",
            "qcode": "medtop:04000000",
            "prefLabel": {"en-GB": "money", "de": "Geld", "se": "pengar", "no-NB": "penger"},
            "narrower": ["medtop:20000209"],
        },
        {
            "uri": f"{BASE}20000209",
            "qcode": "medtop:20000209",
            "prefLabel": {"en-GB": "trades", "dk": "brancher"},
            "broader": [f"{BASE}04000000"],
        },
        {
            "uri": f"{BASE}20001370",
            "qcode": "medtop:20001370",
            "prefLabel": {"en-GB": "banks and insurers", "no-NN": "bankar"},
            "broader": ["medtop:20000209"],
        },
        {
            "uri": f"{BASE}20000271",
            "qcode": "medtop:20000271",
            "retired": "2023-03-31T12:00:00+00:00",
            "prefLabel": {"en-GB": "services of many kinds"},
            "changeNote": {"en-GB": "Retired. Use medtop:20001370 or medtop:20009999 instead."},
            "broader": [f"{BASE}20000209"],
        },
    ],
}


def written(tmp_path: Path, document: object) -> Path:
    path = tmp_path / "topics.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document), "utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("medtop:04000000", ECONOMY),
        ("04000000", ECONOMY),
        (f"{BASE}04000000", ECONOMY),
        ("https://cv.iptc.org/newscodes/mediatopic/04000000", ECONOMY),
        ("medtop:4000000", None),
        (f"medtop:{BASE}04000000", None),
        ("mediatopic:04000000", None),
        ("http://example.com/04000000", None),
        ("medtop:०४००००००", None),
        ("", None),
    ],
)
def test_a_topic_has_one_spelling(text: str, code: str | None) -> None:
    assert qcode(text) == code


@given(st.integers(0, 99_999_999).map(lambda n: f"medtop:{n:08}"))
def test_uri_and_qcode_say_the_same(code: str) -> None:
    assert qcode(uri(code)) == code


def test_what_ships_hangs_together() -> None:
    assert set(TOP_SUBJECTS) | set(SECOND_SUBJECTS) <= set(SHIPPED.by_code)
    assert set(filter(None, SECTORS.values())) <= set(SHIPPED.by_code)
    for code in SHIPPED.by_code:
        assert code in TOP_SUBJECTS or SHIPPED.ancestors(code)[-1] in TOP_SUBJECTS
    assert SHIPPED.ancestors(ENERGY) == ("medtop:20000209", ECONOMY)


def test_what_ships_was_not_retired_when_iptc_published_it_last() -> None:
    if not OLD_EXPORT.exists():
        pytest.skip(f"{OLD_EXPORT.name} is not beside the repository")
    topics = {topic.code: topic for topic in read_export(OLD_EXPORT).topics}
    assert len(topics) > 1_200
    for code, topic in SHIPPED.by_code.items():
        assert topic.retired or code not in topics or topics[code].retired is None, code
    assert [topics[one].parents for one in ("medtop:20000209", "medtop:20000256")] == [
        (ECONOMY,),
        ("medtop:20000209",),
    ]


def test_no_sector_stands_for_a_retired_topic_and_old_interests_hold() -> None:
    for code in filter(None, SECTORS.values()):
        assert SHIPPED.by_code[code].retired is None
    for code, topic in SHIPPED.by_code.items():
        if topic.retired:
            [heir] = topic.replaced_by
            assert code in SHIPPED.widened([heir])
            assert code not in SHIPPED.widened(["medtop:04000000", "medtop:10000000"])


def test_a_release_is_about_what_stands_above_its_subjects() -> None:
    assert SHIPPED.widened(["medtop:20000430"]) == {"medtop:20000430", "medtop:06000000"}
    assert SHIPPED.widened(["medtop:12345678"]) == {"medtop:12345678"}
    assert SHIPPED.widened([]) == frozenset()


def test_a_retired_topic_and_its_heir_find_each_other(tmp_path: Path) -> None:
    topics = SHIPPED.with_others(read_export(written(tmp_path, EXPORT)).topics)
    assert topics.widened([RETIRED]) >= {"medtop:20001370", ECONOMY}
    assert RETIRED in topics.widened(["medtop:20001370"])
    assert topics.instead(topics.by_code[RETIRED]) == ("medtop:20001370",)
    orphan = MediaTopic("medtop:20009998", ("medtop:20000209",), datetime.date(2020, 1, 1))
    assert topics.with_others([orphan]).instead(orphan) == ("medtop:20000209",)


def test_topics_in_a_circle_end(tmp_path: Path) -> None:
    one, other = MediaTopic(ECONOMY, (ENERGY,)), MediaTopic(ENERGY, (ECONOMY,))
    circle = MediaTopics({ECONOMY: one, ENERGY: other})
    assert circle.ancestors(ECONOMY) == (ENERGY,)
    rows = [
        {"qcode": ECONOMY, "labels": {"en-GB": "a"}, "broader": ["20000256"]},
        {"qcode": ENERGY, "labels": {"en-GB": "b"}, "broader": ["04000000"]},
    ]
    export = read_export(written(tmp_path, {"topics": rows}))
    assert all(not topic.parents for topic in export.topics)
    assert len(export.faults) == 2


def test_the_form_of_iptcs_server_is_read(tmp_path: Path) -> None:
    export = read_export(written(tmp_path, EXPORT))
    found = {topic.code: topic for topic in export.topics}
    assert export.released == "2026-07-02"
    assert export.faults == ()
    assert found[ECONOMY].labels == {"en-GB": "money", "de": "Geld", "sv": "pengar", "nb": "penger"}
    assert found["medtop:20000209"] == MediaTopic(
        "medtop:20000209", (ECONOMY,), labels={"en-GB": "trades", "da": "brancher"}
    )
    assert found["medtop:20001370"].parents == ("medtop:20000209",)
    assert found["medtop:20001370"].labels["nn"] == "bankar"
    assert found[RETIRED].retired == datetime.date(2023, 3, 31)
    assert found[RETIRED].replaced_by == ("medtop:20001370",)  # the other one is not there


@pytest.mark.parametrize(
    ("note", "heirs"),
    [
        ("Retired. Use medtop:04000000 money or medtop:20000209 trades instead.", 2),
        ("2021-05-05: Retired. Use money (04000000) or trades (20000209) instead.", 2),
        ("Retired. Use trades (medtop:20000209) or other more specific terms instead.", 1),
        ("This concept was merged into concept medtop:04000000 as they were alike", 1),
        ("Change Note 2015-08-27: Concept medtop:04000000 was merged with it", 0),
        ("Retired. Use more specific terms instead.", 0),
        ("", 0),
    ],
)
def test_a_change_note_says_what_takes_a_topics_place(
    tmp_path: Path, note: str, heirs: int
) -> None:
    rows = [*EXPORT["conceptSet"][:3], EXPORT["conceptSet"][3] | {"changeNote": {"en-GB": note}}]
    export = read_export(written(tmp_path, {"conceptSet": rows}))
    assert len(export.topics[-1].replaced_by) == heirs


@pytest.mark.parametrize(
    ("change", "what", "kept"),
    [
        ({"uri": f"{BASE}abc"}, "is no Media Topic", False),
        ({"uri": f"{BASE}20000256"}, "are not the same", False),
        ({"uri": f"{BASE}20000209", "qcode": "medtop:20000209"}, "stands there before", False),
        ({"prefLabel": {}}, "has no label", False),
        ({"prefLabel": ["money"]}, "has no label", False),
        ({"retired": "some day"}, "is no date", False),
        ({"prefLabel": {"en-GB": "money", "klingon": "x"}}, "is no language", True),
        ({"prefLabel": {"en-GB": "money", "de": "G\u0000eld"}}, "cannot be one", True),
        ({"broader": ["medtop:99999999"]}, "which is not there", True),
        ({"broader": [7]}, "cannot stand below", True),
    ],
)
def test_a_bad_row_is_told_and_the_others_are_kept(
    tmp_path: Path, change: dict[str, Any], what: str, kept: bool
) -> None:
    row = {"uri": f"{BASE}20000344", "qcode": "medtop:20000344", "prefLabel": {"en-GB": "trade"}}
    rows = [*EXPORT["conceptSet"], row | change]
    export = read_export(written(tmp_path, {"conceptSet": rows}))
    [(_, reason)] = export.faults
    assert what in reason
    assert len(export.topics) == 4 + kept


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no",
        "[]",
        "{}",
        '{"conceptSet": 3}',
        '{"conceptSet": []}',
        '{"topics": [1, null, {"qcode": []}]}',
        '{"topics": ' + "[" * 100_000,
        "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
    ],
)
def test_a_file_without_topics_is_refused_in_words(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_export(written(tmp_path, text))
    assert refused.value.advice


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        read_export(tmp_path / "missing.json")


def test_a_label_is_ours_then_iptcs_then_english() -> None:
    labels = {"en-GB": "trades", "da": "brancher"}
    trades, deep = MediaTopic("medtop:20000209", labels=labels), MediaTopic(ENERGY, labels=labels)
    assert subject_label(trades, "en") == "Industries and services"
    assert subject_label(trades, "de") == "Branchen und Dienstleistungen"
    assert subject_label(trades, "da") == "brancher"
    assert subject_label(deep, "da") == "brancher"
    assert subject_label(deep, "de") == "trades"
    assert subject_label(MediaTopic(ENERGY), "de") == ENERGY


def test_a_language_may_leave_labels_of_the_second_level_out_and_has_them_in_english() -> None:
    english = toml("en.toml", (LANGUAGES / "en.toml").read_text("utf-8"))
    german = (LANGUAGES / "de.toml").read_text("utf-8")
    line = '"medtop:20000418" = "Klimawandel"\n'
    assert line in german
    words = read("de", german.replace(line, ""), model=english)
    assert words.subject("medtop:20000418") == "Climate change"
    for tag in known():
        assert all(furniture(tag).subject(code) != code for code in SECOND_SUBJECTS)
    for wrong in ('"medtop:20000418" = ""\n', '"medtop:20000418" = 3\n'):
        with pytest.raises(Misconfigured, match=r"de\.toml: subjects\.medtop:20000418 is not text"):
            read("de", german.replace(line, wrong), model=english)
    with pytest.raises(Misconfigured, match=r"subjects\.medtop:99999999 is not a key"):
        read("de", german.replace(line, '"medtop:99999999" = "x"\n'), model=english)
