"""What a failure on the way to an FTPS server means for the delivery. Pure."""

import ftplib
import ssl

from tidewire.channels.egress import Blocked
from tidewire.channels.filing.failure import outcome_of_common
from tidewire.model.delivery import Deferred, Outcome, Refused

NOT_LOGGED_IN = 530
CLOSING = 421
NO_TLS = (500, 502, 504, 431, 534)
# X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH of OpenSSL.
WRONG_NAME = (62, 64)


def outcome_of_failure(error: Exception, *, written: bool) -> Outcome:
    """`code` is the server's reply (RFC 959 section 4.2), or 0 where there was none.

    A login that is turned down and a certificate for another name will not mend by themselves:
    refused. Folders come back, disks are cleared, certificates get renewed.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        if error.verify_code in WRONG_NAME:
            return Refused(0, "the certificate is for another name")
        return Deferred(0, f"certificate: {error.verify_message}")
    if isinstance(error, Blocked):
        return Refused(0, "the server's data port is one that may not be connected to")
    if isinstance(error, ftplib.error_perm | ftplib.error_temp):
        return _of_reply(int(str(error)[:3]), written=written)
    if isinstance(error, ftplib.Error):
        return Deferred(0, "the server does not speak FTP", unseen=written)
    return outcome_of_common(error, written=written)


def _of_reply(code: int, *, written: bool) -> Outcome:
    if code == NOT_LOGGED_IN:
        return Refused(code, "the login is turned down")
    if code in NO_TLS and not written:
        return Refused(code, "the server has no explicit TLS")
    if code == CLOSING:
        return Deferred(code, "the server closes", overloaded=True, unseen=written)
    return Deferred(code, "the server says no", blame_host=False)
