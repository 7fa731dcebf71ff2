"""What a refusal says about a mailbox, and what of it may be told on.

Both ways that a refusal takes, the relay's answer and the returned mail, are judged here.
"""

import re

# RFC 3463, 3.2 and 3.3: the mailbox or its domain is not there, has moved, or is disabled.
HARD = frozenset({"5.1.0", "5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
SAYS_NOTHING = "5.0.0"
STATUS = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?!\.?\d)")
AT_SIGN = re.compile("@|=40|%40")
LONGEST_LOCAL = 64  # RFC 5321, 4.5.3.1.1
HIDDEN = "[address]"
NO_SUCH_USER = re.compile(
    r"user unknown|unknown user|no such (user|mailbox|recipient|address|person)"
    r"|(user|mailbox|recipient|address|account) (not found|unknown|does ?n.t exist|does not exist)"
    r"|invalid (recipient|mailbox|address)|mailbox unavailable|no mailbox here",
    re.IGNORECASE,
)


def status_in(text: str) -> str:
    """The first enhanced status code (RFC 3463) in a text; "" where there is none."""
    found = STATUS.search(text)
    return found[0] if found else ""


def gone(status: str, code: int, text: str) -> bool:
    """True where mail to this address is of no more use; any other refusal may pass.

    `status` is the enhanced code or "", `code` the SMTP code or 0, `text` what was said.
    """
    if status in ("", SAYS_NOTHING):
        status = status_in(text)
    if status in ("", SAYS_NOTHING):
        return code in (550, 551) and NO_SUCH_USER.search(text) is not None
    return status in HARD


def discreet(text: str, local: str = "") -> str:
    """`text` on one line without mail addresses, and without the local part `local`."""
    printable = text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)
    if AT_SIGN.search(printable):
        told = (HIDDEN if AT_SIGN.search(word) else word for word in printable.split())
        return without_local(" ".join(told), local)
    return without_local(" ".join(printable.split()), local)


def without_local(words: str, local: str) -> str:
    """`words` without the local part of an address; themselves where it is not in them."""
    if not 0 < len(local) <= LONGEST_LOCAL:
        return words
    if words.isascii() and local.isascii() and local.lower() not in words.lower():
        return words  # so it is nearly always, and a pattern for each reader is dear
    alone = rf"(?<![\w.+-]){re.escape(local)}(?![\w+-])"
    return re.sub(alone, HIDDEN, words, flags=re.IGNORECASE)
