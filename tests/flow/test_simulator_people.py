"""People of the world answer mail as real servers and readers do."""

import email
import email.policy

import pytest
from flufl.bounce import all_failures

from tidewire.clock import FixedClock
from tidewire.simulator.answers import bounce, complaint
from tidewire.simulator.mail_sink import Mail

HEADERS = b"From: wire@wire.example\r\nMessage-ID: <1.1.9@wire.example>\r\nSubject: x\r\n"


def _mail(recipient: str) -> Mail:
    return Mail("b+abc@wire.example", recipient, "1.1.9@wire.example", HEADERS + b"\r\nHello\r\n")


def test_flufl_bounce_reads_our_bounce_as_permanent(clock: FixedClock) -> None:
    report = email.message_from_bytes(bounce(_mail("j-00001@newsroom.example"), clock))
    temporary, permanent = all_failures(report)
    assert temporary == frozenset()
    assert permanent == {b"j-00001@newsroom.example"}


@pytest.mark.parametrize("make", [bounce, complaint])
def test_reports_are_multipart_reports_with_the_original_headers(make, clock: FixedClock) -> None:
    content = make(_mail("prensa-económica-00007@newsroom.example"), clock)
    assert b"\n" not in content.replace(b"\r\n", b"")
    report = email.message_from_bytes(content, policy=email.policy.SMTP)
    assert report.get_content_type() == "multipart/report"
    parts = [part.get_content_type() for part in report.iter_parts()]
    kind = report.get_param("report-type")
    assert parts == ["text/plain", f"message/{kind}", "text/rfc822-headers"]
    assert report["Auto-Submitted"] == "auto-replied"
    assert HEADERS in content
