"""Mail in every script: what Python's own parser reads of Subject, names and plain text."""

import email
import re
import unicodedata
from dataclasses import replace
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import default
from email.utils import parseaddr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from editions import a_rendition, an_edition
from tidewire.channels.email import fields
from tidewire.channels.email.dkim import Field
from tidewire.channels.email.render import render
from tidewire.languages import direction, furniture, known
from tidewire.model.release import Act

BASE = "https://wire.example"
HEADLINES = {
    "ar": "شركة ضوء المرفأ تربط أول محطة لطاقة المد والجزر بالشبكة",
    "he": "חברת אור הנמל חיברה את תחנת הגאות הראשונה לרשת החשמל",
    "fa": "شرکت نور بندر نخستین نیروگاه جزر و مدی را به شبکه وصل می‌کند",
    "hi": "काल्पनिक कंपनी ने पहला ज्वारीय विद्युत संयंत्र ग्रिड से जोड़ा, क्‍या यह चलेगा",
    "bn": "কাল্পনিক কোম্পানি প্রথম জোয়ার বিদ্যুৎকেন্দ্র গ্রিডে যুক্ত করেছে",
    "th": "โรงไฟฟ้าพลังน้ำขึ้นน้ำลงสมมติเชื่อมต่อกับโครงข่ายไฟฟ้า",
    "ja": "架空の潮力発電所が送電網に接続、六万世帯へ電力を供給",
    "ko": "가상의 조력 발전소, 전력망에 연결되어 육만 가구에 전기를 공급",
    "zh-Hant": "虛構的潮汐發電站併入電網，為六萬戶家庭供電",
    "zh-Hans": "虚构的潮汐发电站并入电网，为六万户家庭供电",
    "ru": "Вымышленная компания подключила к сети первую приливную станцию",
    "el": "Η φανταστική εταιρεία συνέδεσε το πρώτο παλιρροϊκό πάρκο",
    "de": "Erfundene Firma schließt ersten Gezeitenpark ans Netz an",
}
ENCODED = re.compile(rb"=\?utf-8\?([bq])\?([!->@-~]*)\?=")
words = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cf", "Zl", "Zp"]), max_size=400)


def read(field: Field) -> EmailMessage:
    """The field as a mail of its own, parsed."""
    message = email.message_from_bytes(fields.joined([field]) + b"\r\n", policy=default)
    assert isinstance(message, EmailMessage)
    return message


def assert_fit(field: Field) -> None:
    """RFC 2047, section 2: 75 characters a word, 76 a line; section 5: no character is split."""
    name, value = field
    lines = (name + b":" + value).split(b"\r\n")
    assert max(map(len, lines)) <= 76, lines
    assert all(line.startswith(b" ") and line.strip() for line in lines[1:])
    for found in ENCODED.finditer(value):
        assert len(found[0]) <= 75
        ((content, charset),) = decode_header(found[0].decode())
        assert isinstance(content, bytes)
        content.decode(charset or "ascii")  # whole characters, in each word by itself


@pytest.mark.parametrize("tag", HEADLINES)
@pytest.mark.parametrize("times", [1, 4])
def test_a_subject_and_a_senders_name_arrive_as_they_were(tag: str, times: int) -> None:
    said = " ".join([HEADLINES[tag]] * times)
    subject = fields.unstructured("Subject", said)
    sender = fields.address("From", said, "wire@wire.example")
    for field in (subject, sender):
        assert_fit(field)
    assert read(subject)["Subject"] == said
    assert sender_name(sender) == (said, "wire@wire.example")


def sender_name(field: Field) -> tuple[str, str]:
    """Display name and address. The new parser of Python 3.11 keeps the space between encoded
    words in a name, against RFC 2047, section 6.2; its older one reads them as they are meant."""
    message = email.message_from_bytes(fields.joined([field]) + b"\r\n")
    name, address = parseaddr(message[field[0].decode()].replace("\r\n", ""))
    return str(make_header(decode_header(name))), address


@given(words)
@settings(deadline=None)
def test_any_text_fits_and_arrives(text: str) -> None:
    for field in (fields.unstructured("Subject", text), fields.address("To", text, "a@x.example")):
        assert_fit(field)
    assert read(fields.unstructured("Subject", text))["Subject"] == fields.one_line(text)


def test_a_subject_keeps_joiners_and_loses_what_turns_direction() -> None:
    assert fields.one_line("می\u200cکند") == "می\u200cکند"
    assert fields.one_line("a\u2068b\u2069\u202ec") == "abc"
    assert fields.one_line("a\r\nBcc: b") == "a Bcc: b"


@pytest.mark.parametrize("tag", known())
@pytest.mark.parametrize("act", list(Act))
def test_mail_in_every_language_that_is_there(tag: str, act: Act) -> None:
    said = HEADLINES.get(tag, HEADLINES["ar"])
    edition = an_edition(act)
    rendition = replace(a_rendition("en"), language=tag, headline=said)
    release = replace(edition.release, renditions=(rendition,))
    body = render(replace(edition, release=release), tag, BASE)
    assert_fit(body.subject)
    mark = "" if act in (Act.PUBLISH, Act.ADD) else f"{furniture(tag).phrase(f'mark_{act}')}: "
    assert read(body.subject)["Subject"] == fields.one_line(f"{mark}{said}")
    raw = fields.joined([body.subject, *body.fields]) + b"\r\n" + body.content
    message = email.message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    assert message["Content-Language"] == tag
    plain, marked = (part.get_content() for part in message.iter_parts())
    assert furniture(tag).word("mail_why") in plain
    assert f'lang="{tag}" dir="{direction(tag)}"' in marked
    for line in plain.splitlines():
        strong = [k for c in line if (k := unicodedata.bidirectional(c)) in ("L", "R", "AL")]
        ways = {"ltr" if kind == "L" else "rtl" for kind in strong}
        assert direction(tag) not in ways or (strong[0] == "L") is (direction(tag) == "ltr"), line
