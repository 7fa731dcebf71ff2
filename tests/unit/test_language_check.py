"""Is a text in its language, and is it another rendition's? In many languages, and how sure."""

from datetime import UTC, date, datetime

import pytest

from tidewire.intake.checks.check import check
from tidewire.intake.checks.language import SURE, detect
from tidewire.intake.checks.neighbours import chinese_script, indonesian_or_malay
from tidewire.model.release import Contact, Release
from tidewire.model.rendition import Dateline, Rendition

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
TEXTS = {
    "en": "The company has opened its first park and will build another one next year, as its"
    " spokeswoman said on the occasion. Many people from the region came to see the turbines,"
    " which had been towed out to sea over the course of the summer.",
    "de": "Das Unternehmen hat seinen ersten Park eröffnet und wird im nächsten Jahr einen weiteren"
    " bauen, wie seine Sprecherin aus diesem Anlass sagte. Viele Menschen aus der Region kamen,"
    " um die Anlagen zu sehen, die im Sommer hinausgeschleppt worden waren.",
    "fr": "L’entreprise a ouvert son premier parc et en construira un autre l’année prochaine, a"
    " déclaré sa porte-parole à cette occasion. De nombreux habitants de la région sont venus voir"
    " les turbines qui avaient été remorquées au large au cours de l’été.",
    "es": "La empresa ha inaugurado su primer parque y construirá otro el año que viene, según dijo"
    " su portavoz en el acto. Muchas personas de la región acudieron a ver las turbinas, que fueron"
    " remolcadas mar adentro a lo largo del verano.",
    "pt": "A empresa inaugurou o seu primeiro parque e vai construir outro no próximo ano, segundo"
    " disse a sua porta-voz na ocasião. Muitas pessoas da região vieram ver as turbinas, que foram"
    " rebocadas para o mar ao longo do verão.",
    "ru": "Компания открыла свой первый парк и в следующем году построит ещё один, сообщила по"
    " этому случаю её представительница. Многие жители региона пришли посмотреть на турбины,"
    " которые в течение лета буксировали в море.",
    "ar": "افتتحت الشركة أول محطة لها وستبني محطة أخرى في العام المقبل، كما قالت المتحدثة باسمها"
    " بهذه المناسبة. وجاء كثير من سكان المنطقة لرؤية التوربينات التي جرى سحبها إلى البحر خلال"
    " فصل الصيف، ثم عادوا إلى بيوتهم في المساء.",
    "ja": "同社は最初の発電所を開設し、来年にはもう一つ建設する予定だと広報担当者が述べた。"
    "夏の間に沖へ曳航されたタービンを見ようと、地域の多くの人々が訪れた。式典は港で行われた。",
    "ko": "회사는 첫 번째 단지를 열었으며 내년에 또 하나를 지을 것이라고 대변인이 이날 밝혔다. 여름"
    " 동안 바다로 끌려 나간 터빈을 보려고 지역 주민이 많이 찾아왔다. 행사는 항구에서 열렸다. 회사는"
    " 앞으로도 주민과 함께하겠다고 말했다. 다음 단지는 남쪽 해안에 들어선다.",
    "vi": "Công ty đã khánh thành khu đầu tiên và sẽ xây dựng thêm một khu nữa vào năm tới, người"
    " phát ngôn cho biết nhân dịp này. Nhiều người dân trong vùng đã đến xem các tua-bin được kéo"
    " ra biển trong suốt mùa hè vừa qua.",
    "th": "บริษัทได้เปิดโรงไฟฟ้าแห่งแรกและจะสร้างอีกแห่งในปีหน้า โฆษกของบริษัทกล่าวในโอกาสนี้"
    " ประชาชนจำนวนมากในพื้นที่มาชมกังหันที่ถูกลากออกไปในทะเลตลอดช่วงฤดูร้อนที่ผ่านมา"
    " พิธีจัดขึ้นที่ท่าเรือ และบริษัทจะทำงานร่วมกับชุมชนต่อไป",
    "id": "Perusahaan itu membuka taman pertamanya dan akan membangun satu lagi tahun depan, ujar"
    " juru bicaranya. Banyak warga datang karena ingin melihat turbin yang ditarik ke laut."
    " Proyek senilai dua miliar itu resmi dimulai, dan kualitas listrik bisa terjaga.",
    "ms": "Syarikat itu membuka taman pertamanya dan akan membina satu lagi tahun depan, kata"
    " jurucakapnya. Ramai penduduk datang kerana ingin melihat turbin yang ditarik ke laut."
    " Projek bernilai dua bilion itu rasmi bermula, dan kualiti elektrik boleh dijaga.",
    "zh-Hans": "公司启用了第一座电站，明年还将再建一座，发言人在仪式上这样说。"
    "许多当地居民前来观看夏天被拖到海上的"
    "涡轮机。这个项目的投资总额为两亿元，将为六万户家庭供电，并与当地的学校和企业开展合作。",
    "zh-Hant": "公司啟用了第一座電站，明年還將再建一座，發言人在儀式上這樣說。"
    "許多當地居民前來觀看夏天被拖到海上的"
    "渦輪機。這個項目的投資總額為兩億元，將為六萬戶家庭供電，並與當地的學校和企業開展合作。",
}


def release(*texts: tuple[str, str]) -> Release:
    """A release with these renditions: declared language and text."""
    return Release(
        slug="park",
        renditions=tuple(
            Rendition(tag, "Park", f"<p>{text}</p>", "", Dateline("Husum", "DE", date(2026, 3, 3)))
            for tag, text in texts
        ),
        contacts=(Contact("Press", "Ada Muster", "press@tidewind.example"),),
        sectors=("energy",),
    )


def found(one: Release) -> list[tuple[str, str, str]]:
    return [(p.severity.value, p.code, p.pointer) for p in check(one, NOW) if "language" in p.code]


@pytest.mark.parametrize("tag", TEXTS)
def test_a_text_is_taken_for_what_it_is_and_for_nothing_else(tag: str) -> None:
    guess = detect(TEXTS[tag])
    assert guess is not None
    assert guess.language == tag
    assert SURE <= guess.sure <= 1
    assert found(release((tag, TEXTS[tag]))) == []
    other = "de" if tag != "de" else "en"
    assert found(release((other, TEXTS[tag]))) == [
        ("warning", "language-doubtful", "/renditions/0/language")
    ]


def test_all_renditions_in_their_own_languages_pass() -> None:
    assert found(release(*TEXTS.items())) == []


@pytest.mark.parametrize(("tag", "other"), [("fr", "en"), ("zh-Hant", "zh-Hans"), ("ja", "ko")])
def test_a_rendition_in_the_language_of_another_is_an_error(tag: str, other: str) -> None:
    changed = TEXTS[other][:-1] + " " + TEXTS[other][:40]
    one = release((other, TEXTS[other]), (tag, changed))
    assert found(one) == [("error", "language-of-another", "/renditions/1/body")]
    (problem,) = [p for p in check(one, NOW) if p.code == "language-of-another"]
    assert f"declared as {tag} is in {other} (" in problem.message
    assert "% sure)" in problem.message


def test_the_same_text_twice_is_an_error_however_sure_the_detector_is() -> None:
    one = release(("id", TEXTS["id"]), ("ms", TEXTS["id"]))
    assert ("error", "language-of-another", "/renditions/1/body") in found(one)


def test_neighbours_that_the_detector_may_mix_up_are_a_warning_only() -> None:
    one = release(("ms", TEXTS["ms"]), ("id", TEXTS["ms"].replace("Ramai", "Banyak")))
    assert found(one) == [("warning", "language-doubtful", "/renditions/1/language")]


@pytest.mark.parametrize(
    ("first", "second"),
    [("zh", "zh-Hans"), ("de", "de"), ("zh-TW", "zh-Hant-TW"), ("ja", "ja-Jpan")],
)
def test_two_renditions_of_one_language_are_an_error(first: str, second: str) -> None:
    short = release((first, "短い文。"), (second, "別の文。"))
    assert ("error", "language-twice", "/renditions/1/language") in found(short)


@pytest.mark.parametrize(("first", "second"), [("de", "de-AT"), ("zh-Hans", "zh-Hant")])
def test_two_of_its_kinds_are_not(first: str, second: str) -> None:
    assert found(release((first, "Kurz."), (second, "Auch kurz."))) == []


def test_indonesian_and_malay_are_told_apart_by_their_own_words_only() -> None:
    """And where a text holds none of them, nothing is said of it."""
    for tag in ("id", "ms"):
        told = indonesian_or_malay(TEXTS[tag])
        assert told is not None
        assert told[0] == tag
        assert 0.9 < told[1] <= 0.99
    both = (
        "Taman baru itu akan membuka pintu pada hari ini dan menteri akan datang untuk melihat"
        " turbin besar di laut. Ini adalah taman yang pertama di negara itu, dan banyak orang"
        " sudah datang untuk melihat dan bertanya tentang harga."
    )
    assert indonesian_or_malay(both) is None
    guess = detect(both)
    assert guess is not None
    assert guess.fits("id") and guess.fits("ms")
    assert found(release(("ms", both))) == found(release(("id", both))) == []


def test_a_word_or_two_of_the_other_makes_less_sure() -> None:
    clear = indonesian_or_malay("karena perusahaan kantor")
    mixed = indonesian_or_malay("karena perusahaan kantor syarikat pejabat")
    assert clear is not None and mixed is not None
    assert clear[0] == mixed[0] == "id"
    assert 0.5 < mixed[1] < clear[1]


def test_chinese_without_telling_signs_may_be_either() -> None:
    assert chinese_script("人口山水大小中天日月") is None
    mixed = chinese_script("这个来国" * 3 + "這個")
    assert mixed is not None
    assert mixed[0] == "zh-Hans" and mixed[1] < 0.9


def test_a_short_text_is_never_called_that_of_another() -> None:
    one = release(("en", "Short."), ("de", "Short."))
    assert found(one) == []
