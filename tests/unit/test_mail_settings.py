"""The settings of mail, and what is said where one is wrong."""

import pytest

from tidewire.channels.email.settings import Relay, Tls, read_settings, relay_notice
from tidewire.model.errors import Misconfigured

BASE = "https://wire.example"


def read(**variables: str) -> Relay | None:
    return read_settings(variables, BASE).relay


def test_without_a_relay_it_says_so() -> None:
    assert read() is None
    assert "no mail leaves" in (relay_notice({}) or "")
    assert relay_notice({"TIDEWIRE_SMTP_URL": "smtp://relay.example"}) is None


@pytest.mark.parametrize(
    ("url", "relay"),
    [
        ("smtp://relay.example", Relay("relay.example", 25)),
        ("smtp://127.0.0.1:2525", Relay("127.0.0.1", 2525)),
        ("smtps://relay.example", Relay("relay.example", 465, implicit=True)),
        ("smtp://[::1]:25", Relay("::1", 25)),
        (
            "smtp://me%40x:p%3Aw@relay.example:587?tls=required",
            Relay("relay.example", 587, False, Tls.REQUIRED, "me@x", "p:w"),
        ),
    ],
)
def test_relay_addresses(url: str, relay: Relay) -> None:
    assert read(TIDEWIRE_SMTP_URL=url) == relay


@pytest.mark.parametrize(
    "variables",
    [
        {"TIDEWIRE_SMTP_URL": "relay.example:25"},
        {"TIDEWIRE_SMTP_URL": "http://relay.example"},
        {"TIDEWIRE_SMTP_URL": "smtp://"},
        {"TIDEWIRE_SMTP_URL": "smtp://relay.example:99999"},
        {"TIDEWIRE_SMTP_URL": "smtp://relay.example?tls=perhaps"},
        {"TIDEWIRE_SMTP_URL": "smtp://wire:s3cret@relay.example?speed=fast"},
        {"TIDEWIRE_SMTP_URL": "smtp://user@relay.example"},
        {"TIDEWIRE_MAIL_DOMAIN": "not a domain"},
        {"TIDEWIRE_MAIL_DOMAIN": "wire.example\r\nX: y"},
        {"TIDEWIRE_MAIL_FROM": "nobody"},
        {"TIDEWIRE_MAIL_FROM": "x <a@b.example>\r\nBcc: c@d.example"},
        {"TIDEWIRE_BOUNCE_DOMAIN": "-"},
        {"TIDEWIRE_SMTP_CONNECTIONS": "0"},
        {"TIDEWIRE_SMTP_CONNECTIONS": "many"},
        {"TIDEWIRE_DKIM_ED25519": "perhaps"},
        {"TIDEWIRE_INBOUND_ADDRESS": "2525"},
        {"TIDEWIRE_INBOUND_ADDRESS": "127.0.0.1:99999"},
    ],
)
def test_a_wrong_setting_is_named_and_never_shown(variables: dict[str, str]) -> None:
    (variable,) = variables
    with pytest.raises(Misconfigured, match=variable) as caught:
        read_settings(variables, BASE)
    assert caught.value.advice
    assert "s3cret" not in str(caught.value)


def test_an_extra_authority_that_is_not_there_is_named() -> None:
    settings = read_settings({"TIDEWIRE_EXTRA_CA_FILE": "/nowhere/ca.pem"}, BASE)
    with pytest.raises(Misconfigured, match="TIDEWIRE_EXTRA_CA_FILE"):
        settings.tls_context()


def test_the_domain_comes_from_the_public_address_where_it_can() -> None:
    assert read_settings({}, BASE).domain == "wire.example"
    local = {"TIDEWIRE_SMTP_URL": "smtp://127.0.0.1"}
    assert read_settings(local, "http://127.0.0.1:8000").domain == "tidewire.localhost"
    with pytest.raises(Misconfigured, match="no domain"):
        read_settings({"TIDEWIRE_SMTP_URL": "smtp://relay.example"}, "http://127.0.0.1:8000")


def test_answers_go_to_a_plain_address_of_the_operators() -> None:
    assert read_settings({}, BASE).reply_to == ""
    settings = read_settings({"TIDEWIRE_REPLY_TO": " desk@wire.example "}, BASE)
    assert settings.reply_to == "desk@wire.example"


@pytest.mark.parametrize("value", ["desk", "Desk <d@x.example>", "a@b\r\nBcc: c@d", "ü@x.example"])
def test_what_is_no_address_cannot_be_answered_to(value: str) -> None:
    with pytest.raises(Misconfigured, match="TIDEWIRE_REPLY_TO"):
        read_settings({"TIDEWIRE_REPLY_TO": value}, BASE)
