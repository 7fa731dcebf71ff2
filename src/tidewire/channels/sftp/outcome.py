"""What a failure on the way to an SFTP server means for the delivery. Pure."""

import asyncssh

from tidewire.channels.filing.failure import outcome_of_common
from tidewire.channels.sftp.session import OtherHostKey
from tidewire.model.delivery import Deferred, Outcome, Refused

FULL = (asyncssh.SFTPNoSpaceOnFilesystem, asyncssh.SFTPQuotaExceeded)


def outcome_of_failure(error: Exception, *, written: bool) -> Outcome:
    """`code` is the server's SFTP status, or that of its disconnection, or 0.

    A host key that is not the pinned one, and a login that is turned down, will not mend by
    themselves: refused. So is nothing else; folders come back and disks are cleared.
    """
    if isinstance(error, OtherHostKey):
        return Refused(0, f"the server has another host key than the pinned one: {error.shown}")
    if isinstance(error, asyncssh.PermissionDenied):
        return Refused(error.code, "the login is turned down")
    if isinstance(error, asyncssh.SFTPError):
        lost = isinstance(error, asyncssh.SFTPConnectionLost | asyncssh.SFTPNoConnection)
        detail = f"the server says: {type(error).__name__.removeprefix('SFTP')}"
        return Deferred(error.code, detail, blame_host=lost, unseen=written and lost)
    if isinstance(error, asyncssh.ChannelOpenError):
        return Deferred(error.code, "the server opens no SFTP session")
    if isinstance(error, asyncssh.DisconnectError):
        return Deferred(error.code, f"broken off: {type(error).__name__}", unseen=written)
    return outcome_of_common(error, written=written)
