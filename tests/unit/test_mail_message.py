"""A mail as its readers get it: parsed by the standard library, never by us."""

import email
import re
from dataclasses import replace
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import default

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from hypothesis import given, settings
from hypothesis import strategies as st

from editions import an_edition
from tidewire.access.tokens import Signer
from tidewire.channels.email import fields, verp
from tidewire.channels.email.dkim import DkimKey, DkimSigner
from tidewire.channels.email.mailbox import mailbox
from tidewire.channels.email.message import Body, Writer, body
from tidewire.channels.email.render import Bodies, render
from tidewire.channels.email.settings import read_settings
from tidewire.model.delivery import Outgoing
from tidewire.model.errors import NotFound
from tidewire.model.release import Act, Contact

AT = datetime(2026, 3, 3, 12, tzinfo=UTC)
BASE = "https://wire.example"
TOKENS = Signer(b"s" * 32)
KEY = DkimKey("tidewire", generate_private_key(65537, 2048))
SETTINGS = read_settings({"TIDEWIRE_BOUNCE_DOMAIN": "bounce.wire.example"}, BASE)
WRITER = Writer(SETTINGS, TOKENS, DkimSigner("wire.example", [KEY]), BASE)
PLAIN = body("A headline", "en", "Text.\n", "<p>Text.</p>")

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)


def delivery(key: str = "42.1.9001", name: str = "Ada Example") -> Outgoing:
    return Outgoing(9001, "ada@news.example", key, 1, "de", name=name)


def mail(content: Body = PLAIN, *, to: str = "ada@news.example", **given: str) -> bytes:
    """The whole mail as it is stored at the other end: dots unstuffed."""
    head = WRITER.header(content, mailbox(to), delivery(**given), AT)
    return head + (b"\r\n" + content.content).replace(b"\r\n..", b"\r\n.")[2:]


def parsed(raw: bytes) -> EmailMessage:
    message = email.message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def verified(raw: bytes) -> bool:
    return dkim.verify(raw, dnsfunc=lambda name, timeout=5: KEY.record().encode())


def assert_fit_for_the_wire(raw: bytes) -> None:
    assert b"\n" not in raw.replace(b"\r\n", b"") and b"\r" not in raw.replace(b"\r\n", b"")
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998


def test_a_rendition_becomes_text_and_html_in_its_language() -> None:
    message = parsed(mail(render(an_edition(), "de", BASE)))
    assert message.get_content_type() == "multipart/alternative"
    assert [p.get_content_type() for p in message.iter_parts()] == ["text/plain", "text/html"]
    for part in message.iter_parts():
        assert "Muschelstrom" in part.get_content()
        assert "https://wire.example/preferences" in part.get_content()
    assert message["Subject"] == "Nordmeer Strom eröffnet den Quallenturm"
    assert message["Content-Language"] == "de"


def test_the_fields_that_mail_of_a_list_has() -> None:
    message = parsed(mail())
    assert message["From"].addresses[0].addr_spec == "wire@wire.example"
    assert message["From"].addresses[0].display_name == "Tidewire"
    assert message["Date"].datetime == AT
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["List-Id"] == "<de.releases.wire.example>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["Precedence"] is None
    links = re.findall("<([^>]+)>", message["List-Unsubscribe"])
    assert TOKENS.read("unsubscribe", links[0].rpartition("/")[2]) == "42.1.9001"
    local = links[1].removeprefix("mailto:").partition("@")[0]
    assert verp.read_local_part(TOKENS, "unsubscribe", local) == "42.1.9001"


def test_every_field_stands_once() -> None:
    names = [name.lower() for name in parsed(mail()).keys()]  # noqa: SIM118
    assert len(names) == len(set(names))


def test_one_click_is_offered_over_https_or_on_this_machine_only() -> None:
    for base, offered in (("http://wire.example", False), ("http://127.0.0.1:8000", True)):
        writer = Writer(SETTINGS, TOKENS, DkimSigner("wire.example", [KEY]), base)
        head = writer.header(PLAIN, mailbox("ada@news.example"), delivery(), AT)
        assert (b"List-Unsubscribe-Post" in head) is offered


def test_the_message_id_is_the_same_at_every_try_and_proves_itself() -> None:
    ids = {parsed(mail())["Message-ID"] for _ in range(2)}
    (message_id,) = ids
    assert verp.read_message_id(TOKENS, message_id) == "42.1.9001"
    assert parsed(mail(key="42.1.9002"))["Message-ID"] != message_id


def test_a_later_version_refers_to_the_first() -> None:
    first, second = parsed(mail()), parsed(mail(key="42.2.9001"))
    assert first["References"] is None
    assert second["References"] == first["Message-ID"]


def test_a_kill_says_so_in_its_subject_and_holds_no_text() -> None:
    raw = mail(render(an_edition(Act.KILL), "en", BASE))
    message = parsed(raw)
    assert message["Subject"].startswith("KILL")
    assert not any("Clamcurrent" in part.get_content() for part in message.iter_parts())


def test_pages_of_one_rendition_share_one_body() -> None:
    bodies = Bodies(BASE)
    assert bodies.of(an_edition(), "de") is bodies.of(an_edition(), "de")
    assert bodies.of(an_edition(), "de") is not bodies.of(an_edition(), "en")
    assert bodies.of(an_edition(Act.CORRECT), "de") is not bodies.of(an_edition(), "de")
    kill = bodies.of(an_edition(Act.KILL, version=1), "de")
    assert kill is not bodies.of(an_edition(version=1), "de")
    changed = replace(an_edition(), note="another", published_at=AT.replace(hour=15))
    assert bodies.of(changed, "de") is not bodies.of(an_edition(), "de")


def test_answers_go_to_the_releases_first_contact_with_an_address() -> None:
    edition = an_edition()
    nobody, beyond = Contact("press", "Nobody"), Contact("press", "J", "jürgen@nordmeer.example")
    release = replace(edition.release, contacts=(nobody, beyond, *edition.release.contacts))
    raw = mail(render(replace(edition, release=release), "de", BASE))
    (to,) = parsed(raw)["Reply-To"].addresses
    assert (to.addr_spec, to.display_name) == ("press@nordmeer.example", "Wanda Wellenreiter")
    assert verified(raw)
    assert not verified(raw.replace(b"press@nordmeer.example", b"press@bad.example", 1))


def test_without_such_a_contact_they_go_where_the_operator_says() -> None:
    assert parsed(mail())["Reply-To"] is None
    settings = replace(SETTINGS, reply_to="desk@wire.example")
    writer = Writer(settings, TOKENS, DkimSigner("wire.example", [KEY]), BASE)
    for content in (PLAIN, render(an_edition(Act.KILL), "de", BASE)):
        head = writer.header(content, mailbox("ada@news.example"), delivery(), AT)
        assert parsed(head)["Reply-To"] == "desk@wire.example"


@pytest.mark.parametrize(
    ("language", "words"),
    [("de", "Abbestellen oder Einstellungen ändern"), ("en", "Unsubscribe or change settings")],
)
def test_the_foot_says_how_to_leave(language: str, words: str) -> None:
    for part in parsed(mail(render(an_edition(), language, BASE))).iter_parts():
        text = part.get_content()
        assert f"{words}: " in text
        assert "https://wire.example/preferences" in text
        assert "Liste der Journalisten und Medien" in text or "and media outlets" in text


@given(subject=texts, name=texts, text=texts, html=texts.filter(bool))
@settings(max_examples=150, deadline=None)
def test_whatever_it_holds_it_is_a_valid_signed_mail(
    subject: str, name: str, text: str, html: str
) -> None:
    raw = mail(body(subject, "en", text, html), name=name)
    assert_fit_for_the_wire(raw)
    assert raw.isascii()
    assert verified(raw)
    message = email.message_from_bytes(raw)
    decoded = str(make_header(decode_header(message["Subject"])))
    assert " ".join(decoded.split()) == fields.one_line(subject)
    assert set(message.keys()) == set(email.message_from_bytes(mail()).keys())


@pytest.mark.parametrize(
    "evil", ["x\r\nBcc: m@bad.example", "x\nBcc: m", "x\r\n\r\nbody", "\u2028a\x85b"]
)
def test_no_header_can_be_injected(evil: str) -> None:
    message = parsed(mail(body(evil, "en", "Text.", "<p>Text.</p>"), name=evil))
    assert message["Bcc"] is None
    assert len(message["To"].addresses) == 1
    assert message["To"].addresses[0].addr_spec == "ada@news.example"


@given(name=texts)
@settings(deadline=None)
def test_a_name_never_changes_the_address(name: str) -> None:
    field, value = fields.address("To", name, "ada@news.example")
    message = parsed(field + b":" + value + b"\r\n\r\n")
    assert [a.addr_spec for a in message["To"].addresses] == ["ada@news.example"]


def test_a_long_line_and_dots_survive() -> None:
    text = "x" * 5000 + "\n.\n..\n. dot\n"
    message = parsed(mail(body("Long", "en", text, "<p>" + "y" * 5000 + "</p>")))
    plain, html = message.iter_parts()
    assert plain.get_content().replace("\r\n", "\n") == text
    assert "y" * 5000 in html.get_content()


def test_mostly_foreign_text_is_base64() -> None:
    content = body("日本語", "ja", "日本語の本文です。\n" * 30, "<p>日本語の本文です。</p>" * 30)
    parts = list(parsed(mail(content)).iter_parts())
    assert {part["Content-Transfer-Encoding"] for part in parts} == {"base64"}
    assert parts[0].get_content().startswith("日本語の本文です。")


def test_an_address_beyond_ascii_stands_as_it_is() -> None:
    raw = mail(to="jürgen@bücher.example")
    assert "To: Ada Example <jürgen@xn--bcher-kva.example>".encode() in raw
    assert verified(raw)


@pytest.mark.parametrize(
    "address",
    ["", "x", "@x.example", "a@", "a b@x.example", "a@x.example\r\nRCPT TO:<b@x.example>",
     "a@b@c.example", "<a@x.example>", "a>@x.example", ".a@x.example", "a..b@x.example",
     "a@-x.example", "a@x..example", "a@[127.0.0.1]", "a" * 65 + "@x.example",
     "a\u200b@x.example", "a@" + "x" * 64 + ".example"],
)  # fmt: skip
def test_what_is_no_address_is_not_sent_to(address: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        mailbox(address)


@given(st.tuples(*[st.integers(1, limit) for limit in (2**31 - 1, 2**15 - 1, 2**31 - 1)]))
@settings(deadline=None)
def test_verp_survives_lower_and_upper_case(numbers: tuple[int, int, int]) -> None:
    key = ".".join(map(str, numbers))
    local = verp.local_part(TOKENS, "bounce", key)
    assert len(local) <= 64
    assert verp.read_local_part(TOKENS, "bounce", local.upper()) == key
    with pytest.raises(NotFound):
        verp.read_local_part(TOKENS, "unsubscribe", "u+" + local[2:])


@given(st.text(max_size=70))
@settings(deadline=None)
def test_a_strangers_local_part_is_not_ours(text: str) -> None:
    for local in (text, f"b+{text}"):
        with pytest.raises(NotFound):
            verp.read_local_part(TOKENS, "bounce", local)
    with pytest.raises(NotFound):
        verp.read_message_id(TOKENS, f"<42.1.9001.{text}@wire.example>")
