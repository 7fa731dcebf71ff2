"""vsftpd, run for a test on a free port of this machine; its defaults for TLS are kept."""

import contextlib
import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from mail_programs import free_port, wait_for

# A data connection must carry on the TLS session: require_ssl_reuse is left as it comes.
CONFIG = """
listen=YES
listen_address=127.0.0.1
listen_port={port}
background=NO
anonymous_enable=YES
no_anon_password=YES
anon_root={root}
write_enable=YES
anon_upload_enable=YES
anon_other_write_enable=YES
anon_world_readable_only=NO
chown_uploads=NO
ftp_username={user}
run_as_launching_user={unprivileged}
secure_chroot_dir={root}/empty
seccomp_sandbox=NO
ssl_enable=YES
allow_anon_ssl=YES
force_anon_logins_ssl=YES
force_anon_data_ssl=YES
rsa_cert_file={certificate}
rsa_private_key_file={certificate}
"""


@contextlib.contextmanager
def vsftpd(home: Path, certificate: Path) -> Iterator[tuple[int, Path]]:
    """(port, folder): whoever is "anonymous" may write to /in, which is that folder."""
    command = shutil.which("vsftpd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if command is None and "CI" not in os.environ:
        pytest.skip("vsftpd is not installed: apt-get install vsftpd")
    assert command is not None, "vsftpd must be there in CI"
    root, port = home / "root", free_port()
    for folder in (root / "in", root / "empty"):
        folder.mkdir(parents=True)
    as_root = os.geteuid() == 0
    user = "ftp" if as_root else pwd.getpwuid(os.geteuid()).pw_name
    if as_root:
        shutil.chown(root / "in", user)
    home.chmod(0o755)
    root.chmod(0o755)
    config = CONFIG.format(
        port=port,
        root=root,
        user=user,
        certificate=certificate,
        unprivileged="NO" if as_root else "YES",
    )
    (home / "config").write_text(config)
    with (home / "said").open("w+b") as said:  # it complains to where commands come from
        running = subprocess.Popen([command, str(home / "config")], stdin=said)
        try:
            wait_for(port)
            yield port, root / "in"
        finally:
            running.terminate()
            running.wait()
