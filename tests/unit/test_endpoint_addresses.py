"""The shape of mail and webhook addresses."""

import pytest

from tidewire.audience.addresses import mail_address, webhook_address, webhook_secret


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("Ada.Ebbe@Tide.Example", "ada.ebbe@tide.example"),
        ("o'ebb+news@mail.tide.example", "o'ebb+news@mail.tide.example"),
        ("пример@почта.example", "пример@почта.example"),
        ("u\u0308ber@münster.example", "über@münster.example"),
    ],
)
def test_a_mail_address_takes_its_one_spelling(text: str, address: str) -> None:
    assert mail_address(text) == address


@pytest.mark.parametrize(
    "text",
    ["", "ebb", "@tide.example", "ebb@", "ebb@tide", "a b@tide.example", ".ebb@tide.example"]
    + ["ebb..flow@tide.example", "ebb@-tide.example", "ebb@tide-.example", "ebb@tide..example"]
    + ["a@b@tide.example", "ebb@10.0.0.1", "<ebb@tide.example>", "a,b@tide.example"]
    + ["x" * 65 + "@tide.example", "ebb@" + "x" * 64 + ".example", "ebb\r\n@tide.example"],
)
def test_what_is_no_mail_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a mail address"):
        mail_address(text)


def test_a_webhook_address_keeps_its_path_and_lowers_its_host() -> None:
    assert webhook_address("https://Hook.Example:8443/In?A=B") == "https://hook.example:8443/In?A=B"


@pytest.mark.parametrize(
    "text",
    ["http://hook.example/", "hook.example", "https://", "https://user@hook.example/"]
    + ["https://user:word@hook.example/", "https://hook.example:0/", "https://hook.example:99999/"]
    + ["https://hook.example/#part", "https://hook.example/a b", "https://[::1/"],
)
def test_what_is_no_plain_https_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="address"):
        webhook_address(text)


def test_a_secret_is_whsec_and_enough_base64() -> None:
    secret = "whsec_" + "QUJD" * 8
    assert webhook_secret(secret) == secret
    for wrong in ("QUJD" * 8, "whsec_QUJD", "whsec_" + "!" * 32, "whsec_" + "QUJD" * 30):
        with pytest.raises(ValueError, match="whsec_"):
            webhook_secret(wrong)
