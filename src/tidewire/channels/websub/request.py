"""What a subscriber asks of the hub (W3C WebSub, section 5.1). Pure."""

from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import parse_qs

from tidewire.channels.egress import Egress
from tidewire.channels.websub.address import LONGEST, written
from tidewire.formats.feed_names import FeedAddress, read_address
from tidewire.model.errors import BadInput, Problem, Severity, Unreadable

FORM = "application/x-www-form-urlencoded"
MOST_FIELDS = 100
SECRET_BYTES = 200  # a secret must have less

USUAL_LEASE = 10 * 24 * 3600  # seconds
LEAST_LEASE = 3600
MOST_LEASE = 30 * 24 * 3600
FARTHEST_LEASE = 2**31 - 1  # beyond it is no lease, but a mistake


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that can be verified. `lease` is what will be granted, in seconds."""

    mode: str
    callback: str
    topic: FeedAddress
    lease: int
    secret: str

    @property
    def address(self) -> str:
        """The endpoint that it is about."""
        return written(self.topic, self.callback)


def read_request(body: bytes, media_type: str, *, base_url: str, egress: Egress) -> Asked:
    """Read the form. Raises BadInput, which points to the parameter; others are ignored."""
    form = _form(body, media_type)
    mode = form.get("hub.mode", "")
    if mode not in ("subscribe", "unsubscribe"):
        _refuse(
            "hub.mode", "The hub subscribes and unsubscribes.", "Send subscribe or unsubscribe."
        )
    asked = Asked(
        mode=mode,
        callback=_callback(form.get("hub.callback", ""), egress),
        topic=_topic(form.get("hub.topic", ""), base_url),
        lease=_lease(form.get("hub.lease_seconds", "")),
        secret=_secret(form.get("hub.secret", "")),
    )
    if len(asked.address) > LONGEST:
        _refuse("hub.callback", "The callback is too long.", "Use a shorter one.")
    return asked


def _form(body: bytes, media_type: str) -> dict[str, str]:
    if media_type.partition(";")[0].strip().lower() != FORM:
        raise Unreadable("The hub reads forms.", f"Send the request as {FORM}.")
    try:
        fields = parse_qs(
            body.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MOST_FIELDS,
        )
    except ValueError:  # UnicodeDecodeError is one
        raise Unreadable("This is not a form in UTF-8.", f"Send it as {FORM}.") from None
    for name, values in fields.items():
        if name.startswith("hub.") and len(values) > 1:
            _refuse(name, f"{name} stands there more than once.", "Send it once.")
    return {name: values[0] for name, values in fields.items()}


def _callback(url: str, egress: Egress) -> str:
    try:
        egress.check_url(url)
    except BadInput as error:
        _refuse("hub.callback", error.message, error.advice)
    if "#" in url:
        _refuse("hub.callback", "A callback has no fragment.", "Leave out what follows the #.")
    return url


def _topic(url: str, base_url: str) -> FeedAddress:
    topic = read_address(url, base_url)
    if topic is None:
        _refuse(
            "hub.topic",
            "This hub has no such feed.",
            f"Send a feed's own address, as its rel=self says: {base_url}/feeds/en.atom.",
        )
    return topic


def _lease(text: str) -> int:
    """What is granted for what was asked: the nearest that we give."""
    if not text:
        return USUAL_LEASE
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else 0
    if not 0 < number <= FARTHEST_LEASE:
        _refuse(
            "hub.lease_seconds",
            "A lease is a number of seconds above nought.",
            f"Ask for {LEAST_LEASE} to {MOST_LEASE}, or leave it out for {USUAL_LEASE}.",
        )
    return min(max(number, LEAST_LEASE), MOST_LEASE)


def _secret(text: str) -> str:
    if len(text.encode()) >= SECRET_BYTES:
        _refuse("hub.secret", "The secret is too long.", f"Use less than {SECRET_BYTES} bytes.")
    if "\0" in text:
        _refuse("hub.secret", "The secret holds a zero byte.", "Use another.")
    return text


def _refuse(name: str, message: str, advice: str) -> NoReturn:
    problem = Problem(Severity.ERROR, "hub-refused", f"/{name}", message, advice)
    raise BadInput(message, advice, [problem])
