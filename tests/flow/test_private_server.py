"""The private PostgreSQL: shared by programs, stopped with the last, whole after a crash."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import psycopg
import pytest

from tidewire import clock
from tidewire.model.errors import Misconfigured
from tidewire.store.database import Database
from tidewire.store.embedded import EmbeddedServer, choose_place

PROGRAM = """
import sys
from pathlib import Path
import psycopg
from tidewire.store.embedded import EmbeddedServer
server = EmbeddedServer(Path(sys.argv[1]))
url = server.start()
with psycopg.connect(url, autocommit=True) as connection:
    connection.execute("SELECT pg_advisory_lock(1)")
    connection.execute("CREATE TABLE IF NOT EXISTS fact (n int)")
    connection.execute("INSERT INTO fact VALUES (1)")
print(url, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def home():
    with tempfile.TemporaryDirectory(prefix="tidewire-home-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def program(home: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def finish(child: "subprocess.Popen[str]") -> None:
    assert child.stdin and child.stdout
    child.stdin.close()
    child.stdout.close()
    child.wait(20)


def server_pid(home: Path) -> int:
    return int((choose_place(home).data / "postmaster.pid").read_text().splitlines()[0])


def gone(pid: int, seconds: float = 20) -> bool:
    until = clock.stopwatch() + seconds
    while clock.stopwatch() < until:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        clock.pause(0.05)
    return False


def test_it_stops_after_its_program_was_killed_and_keeps_what_was_committed(home):
    child = program(home)
    assert child.stdout
    url = child.stdout.readline().strip()
    pid = server_pid(home)
    child.send_signal(signal.SIGKILL)
    finish(child)
    assert gone(pid)
    with EmbeddedServer(home) as again, psycopg.connect(again) as connection:
        assert again == url
        assert connection.execute("SELECT count(*) FROM fact").fetchone() == (1,)


def test_two_programs_share_one_server_and_the_last_one_stops_it(home):
    first, second = program(home), program(home)
    assert first.stdout and second.stdout
    assert first.stdout.readline() == second.stdout.readline()
    pid = server_pid(home)
    finish(first)
    os.kill(pid, 0)  # still there for the second
    with psycopg.connect(choose_place(home).url) as connection:
        assert connection.execute("SELECT count(*) FROM fact").fetchone() == (2,)
    finish(second)
    assert gone(pid)


def test_it_comes_back_after_the_server_itself_was_killed(home):
    child = program(home)
    assert child.stdout
    child.stdout.readline()
    pid = server_pid(home)
    os.kill(pid, signal.SIGKILL)
    finish(child)
    assert gone(pid)
    with EmbeddedServer(home) as url, psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM fact").fetchone() == (1,)


def test_a_server_that_is_killed_comes_back_to_the_programs_that_use_it(home):
    with EmbeddedServer(home) as url:
        pid = server_pid(home)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE TABLE fact (n int)")
            os.kill(pid, signal.SIGKILL)
            with pytest.raises(psycopg.OperationalError):
                while True:
                    connection.execute("SELECT 1")
        assert answers(url, "SELECT count(*) FROM fact") == (0,)
        assert server_pid(home) != pid


async def test_a_program_goes_on_with_a_server_that_came_back(home):
    with EmbeddedServer(home) as url:
        database = Database(url)
        await database.open()
        os.kill(server_pid(home), signal.SIGKILL)

        async def work(tx):
            return await (await tx.execute("SELECT 1")).fetchone()

        async with asyncio.timeout(60):
            assert await database.insist(work) == (1,)
        await database.close()


def answers(url: str, query: str) -> tuple[object, ...] | None:
    """What the server answers, as soon as there is one."""
    until = clock.stopwatch() + 30
    while True:
        try:
            with psycopg.connect(url) as connection:
                return connection.execute(query.encode()).fetchone()
        except psycopg.OperationalError:
            assert clock.stopwatch() < until
            clock.pause(0.1)


def test_no_folder_that_is_not_ours_is_opened_to_others(home):
    inner = home / "private" / "wire"
    inner.mkdir(parents=True)
    inner.parent.chmod(0o700)
    with EmbeddedServer(inner) as url, psycopg.connect(url) as connection:
        connection.execute("SELECT 1")
    assert inner.parent.stat().st_mode & 0o777 == 0o700
    assert home.stat().st_mode & 0o777 == 0o755
    place = choose_place(inner)
    assert gone(int((place.data / "postmaster.pid").read_text().split()[0]))
    shutil.rmtree(place.root)  # as root it may lie outside the temporary folder


def test_a_data_folder_that_cannot_be_made_is_refused_clearly(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(Misconfigured, match="TIDEWIRE_HOME"):
        EmbeddedServer(blocked / "wire")


def connects_as(user: int, url: str) -> bool:
    """Whether a process of another user gets into the database."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        child = os.fork()
    if child == 0:
        code = 1
        try:
            os.setuid(user)
            psycopg.connect(url, connect_timeout=5)
            code = 0
        finally:
            os._exit(code)
    return os.waitpid(child, 0)[1] == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize("reachable", [True, False])
def test_nobody_else_on_the_machine_can_connect(home, reachable):
    inner = home / "private" / "wire"
    inner.mkdir(parents=True)
    inner.parent.chmod(0o755 if reachable else 0o700)
    with EmbeddedServer(inner) as url:
        assert not connects_as(12345, url)
        with psycopg.connect(url) as connection:
            connection.execute("SELECT 1")
        root = choose_place(inner).root
        for file in root.iterdir():
            assert file.stat().st_mode & 0o077 == 0 or file.name == "pg_hba.conf"
    place = choose_place(inner)
    assert gone(server_pid(inner))
    shutil.rmtree(place.root)


def test_a_link_in_the_place_of_its_folder_is_refused(home, tmp_path):
    (home / "wire").mkdir()
    (home / "wire" / "postgres").symlink_to(tmp_path)
    with pytest.raises(Misconfigured, match="somebody else"):
        EmbeddedServer(home / "wire")


def test_a_very_long_data_folder_works(home):
    long = home / ("a folder with a long name " * 4).strip() / "ünïcode"
    with EmbeddedServer(long) as url, psycopg.connect(url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert gone(server_pid(long))
    shutil.rmtree(choose_place(long).sockets)
