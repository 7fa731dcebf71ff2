"""What waits is sealed; who opens it is in the ledger; without the key the rest goes on."""

import asyncio
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner, Result

from editions import a_release
from programs import Installation
from tidewire.access.keys import issue_key, open_editor
from tidewire.app.assemble import open_house
from tidewire.app.commands import vault as commands
from tidewire.app.settings import read_settings
from tidewire.ledger.openings import openings
from tidewire.ledger.verify import verify
from tidewire.model.errors import BadInput, CannotOpen, Misconfigured
from tidewire.model.opening import Opening, Why
from tidewire.model.release import Act, Move
from tidewire.publish.moment import Press, next_moment, publish_due
from tidewire.store import data_keys, editions, releases
from tidewire.store.database import Database
from tidewire.store.editions import write_document
from tidewire.store.releases import Decision
from tidewire.vault.keys import MasterKey, MissingKey, make_master_key, read_master_key
from tidewire.vault.rewrap import begin_anew, rewrap, wrapped_by
from tidewire.vault.settle import seal_what_waits
from tidewire.vault.text import Text
from tidewire.vault.unlock import unlock
from tidewire.vault.vault import Vault
from wire import MASTER, SilentBell, a_vault, add_release, add_version, go

LOOK = Opening("editor Mara Muster", Why.SHOW)
OTHER = MasterKey(b"another master key, of 32 bytes.")


async def rows(database, query, *values):
    async with database.transaction() as tx:
        return await (await tx.execute(query, values)).fetchall()


async def opened(database, release_id):
    async with database.transaction() as tx:
        return [(one.version, one.who_and_why) for one in await openings(tx, release_id)]


async def look(vault: Vault, database: Database, release_id: int, version: int = 1):
    async with database.transaction() as tx:
        return await vault.edition(tx, release_id, version, LOOK)


def with_key(database, clock, key) -> Vault:
    vault = a_vault(database, clock)
    vault._keys = key
    return vault


async def test_text_is_sealed_until_its_moment_and_clear_after_it(database, clock):
    release_id = await add_release(database, clock.now())
    [(document, note, sealed)] = await rows(
        database, "SELECT document, note, sealed FROM release_version"
    )
    assert (document, note) == (None, "")
    assert b"Jellytower" not in sealed and b"nordmeer-turm" not in sealed
    async with database.transaction() as tx:
        assert await editions.edition(tx, release_id, 1) is None
    assert await go(database, clock) == 1
    async with database.transaction() as tx:
        public = await editions.edition(tx, release_id, 1)
    assert public is not None and public.release == a_release()
    assert await rows(database, "SELECT sealed FROM release_version") == [(None,)]


async def test_each_opening_says_who_and_why_and_the_chain_holds(database, clock):
    vault = a_vault(database, clock)
    first = await add_release(database, clock.now())
    second = await add_release(database, clock.now())
    found = await look(vault, database, first)
    assert found is not None and found.release == a_release()
    async with database.transaction() as tx:
        lines = await releases.queue(tx)
        assert {(one.headline, one.sealed) for one in lines} == {("", True)}
        shown = await vault.rows(tx, lines, Opening("issuer nordmeer", Why.QUEUE))
    assert {one.headline for one in shown} == {"Nordmeer Strom eröffnet den Quallenturm"}
    assert {(one.slug, one.languages, one.sealed) for one in shown} == {
        ("nordmeer-turm", ("de", "en"), False)
    }
    assert await opened(database, first) == [
        (1, "editor Mara Muster, to show it"),
        (0, "issuer nordmeer, to list it"),
    ]
    assert await opened(database, second) == [(0, "issuer nordmeer, to list it")]
    await go(database, clock)
    assert [why for _, why in await opened(database, second)][1:] == [
        "stage, to find its audience",
        "plan, to plan its deliveries",
        "publish, to publish it",
    ]
    async with database.transaction() as tx:
        assert not (await verify(tx)).fault


async def test_what_is_public_is_read_without_an_opening_and_without_the_key(database, clock):
    release_id = await add_release(database, clock.now())
    await go(database, clock)
    before = await opened(database, release_id)
    closed = with_key(database, clock, MissingKey("gone"))
    assert (await look(closed, database, release_id)) is not None
    assert await opened(database, release_id) == before


async def test_an_opening_is_recorded_even_where_what_it_was_for_fails(database, clock):
    release_id = await add_release(database, clock.now())
    vault = a_vault(database, clock)
    with pytest.raises(ZeroDivisionError):
        async with database.transaction() as tx:
            assert await vault.edition(tx, release_id, 1, LOOK)
            raise ZeroDivisionError
    assert await opened(database, release_id) == [(1, "editor Mara Muster, to show it")]


async def test_a_text_that_cannot_be_recorded_is_not_handed_out(database, clock):
    release_id = await add_release(database, clock.now())

    async def fails(*_: object) -> None:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await look(Vault(MASTER, fails), database, release_id)


async def test_seals_open_in_no_other_place(database, clock):
    vault = a_vault(database, clock)
    mine = await add_release(database, clock.now())
    theirs = await add_release(database, clock.now())
    await rows(
        database,
        "UPDATE release_version SET sealed = (SELECT sealed FROM release_version WHERE"
        " release_id = %s) WHERE release_id = %s RETURNING 1",
        theirs,
        mine,
    )
    with pytest.raises(CannotOpen):
        await look(vault, database, mine)
    await rows(
        database,
        "UPDATE data_key SET wrapped = (SELECT wrapped FROM data_key WHERE release_id = %s)"
        " WHERE release_id = %s RETURNING 1",
        theirs,
        mine,
    )
    with pytest.raises(CannotOpen):
        await look(vault, database, mine)
    assert await look(vault, database, theirs)
    assert await opened(database, mine) == []


async def test_a_version_does_not_open_as_another_version(database, clock):
    release_id = await add_release(database, clock.now())
    await rows(database, "UPDATE release_version SET version = 2 RETURNING 1")
    with pytest.raises(CannotOpen):
        await look(a_vault(database, clock), database, release_id, 2)


async def test_one_changed_seal_holds_up_neither_list_nor_publication(database, clock):
    broken = await add_release(database, clock.now() - timedelta(seconds=5))
    await add_release(database, clock.now())
    vault = a_vault(database, clock)
    await rows(
        database,
        "UPDATE release_version SET staged_at = t0, planned_at = t0, sealed ="
        " CASE WHEN release_id = %s THEN sealed || '\\x00' ELSE sealed END RETURNING 1",
        broken,
    )
    async with database.transaction() as tx:
        lines = await vault.rows(tx, await releases.queue(tx), LOOK)
    assert [one.sealed for one in lines] == [one.id == broken for one in lines]
    press = Press(database, clock, SilentBell(), vault)
    assert await publish_due(press) == 1
    assert await publish_due(press) == 0
    assert press.told == {broken}
    assert await next_moment(press) is not None  # it still waits, and is not lost
    assert await rows(database, "SELECT sequence FROM wire_head") == [(1,)]


async def test_a_kill_needs_no_key(database, clock):
    release_id = await add_release(database, clock.now())
    await go(database, clock)
    await add_version(database, release_id, 2, Act.KILL, clock.now())
    await rows(database, "UPDATE release_version SET staged_at = t0 RETURNING 1")
    closed = with_key(database, clock, MissingKey("gone"))
    assert await publish_due(Press(database, clock, SilentBell(), closed)) == 1


async def test_a_data_key_that_was_rolled_back_seals_nothing(database, clock):
    release_id = await add_release(database, clock.now())
    await rows(database, "DELETE FROM data_key RETURNING 1")
    vault = a_vault(database, clock)
    with pytest.raises(ZeroDivisionError):
        async with database.transaction() as tx:
            lost = await vault.key_of(tx, release_id)
            assert await vault.key_of(tx, release_id) == lost
            raise ZeroDivisionError
    async with database.transaction() as tx:
        kept = await vault.key_of(tx, release_id)
    assert kept != lost
    async with database.transaction() as tx:
        assert await a_vault(database, clock).key_of(tx, release_id) == kept


async def test_what_stood_in_the_clear_is_sealed_at_start_and_only_once(database, clock):
    release_id = await add_release(database, clock.now())
    public = await add_release(database, clock.now())
    await rows(
        database,
        "UPDATE release_version SET staged_at = t0 WHERE release_id = %s RETURNING 1",
        public,
    )
    vault = a_vault(database, clock)
    assert await publish_due(Press(database, clock, SilentBell(), vault)) == 1
    async with database.transaction() as tx:
        await tx.execute(
            "UPDATE release_version SET sealed = NULL, document = %s, note = 'Old.'"
            " WHERE release_id = %s",
            (write_document(a_release()), release_id),
        )
        [(account,)] = await (
            await tx.execute(
                "INSERT INTO account (role, name, created_at) VALUES ('editor', 'M', %s)"
                " RETURNING id",
                (clock.now(),),
            )
        ).fetchall()
        for one in (release_id, public):
            held = releases.Held(one, "", 1, releases.State.SCHEDULED, 1, Act.PUBLISH, False)
            await releases.add_decision(
                tx, held, Move.APPROVE, account_id=account, note="Jellytower!", now=clock.now()
            )
    assert await seal_what_waits(database, vault) == 2
    assert await seal_what_waits(database, vault) == 0
    assert await rows(
        database, "SELECT document, note FROM release_version WHERE release_id = %s", release_id
    ) == [(None, "")]
    assert await rows(database, "SELECT note FROM decision ORDER BY id") == [
        ("",),
        ("Jellytower!",),
    ]
    async with database.transaction() as tx:
        whole = await vault.whole(tx, release_id, 1, LOOK)
    assert whole is not None
    assert (whole.edition.release, whole.edition.note) == (a_release(), "Old.")
    assert [one.note for one in whole.decisions] == ["Jellytower!"]
    assert await go(database, clock) == 1
    assert await rows(database, "SELECT note FROM decision ORDER BY id") == [
        ("Jellytower!",),
        ("Jellytower!",),
    ]


async def test_the_same_guess_has_another_fingerprint_for_each_release(database, clock):
    vault = a_vault(database, clock)
    first, second = [await add_release(database, clock.now()) for _ in range(2)]
    async with database.transaction() as tx:
        found = [await vault.fingerprint(tx, one, b"guess") for one in (first, first, second)]
    assert found[0] == found[1] != found[2]


async def test_the_first_start_makes_the_key_and_later_ones_find_it(database, clock, tmp_path):
    file = tmp_path / "master.key"
    key = await unlock(database, file, clock.now())
    assert key.id and (await unlock(database, file, clock.now())).id == key.id
    assert await rows(database, "SELECT key_id FROM master_key") == [(key.id,)]


async def test_a_lost_or_wrong_key_is_told_and_no_other_is_made(database, clock, tmp_path: Path):
    file = tmp_path / "master.key"
    right = await unlock(database, file, clock.now())

    async def closed() -> MissingKey:
        found = await unlock(database, file, clock.now())
        assert isinstance(found, MissingKey)
        return found

    file.rename(tmp_path / "moved")
    lost = (await closed()).why
    assert "is not there" in lost and right.id.hex() in lost
    assert not file.exists()
    wrong = make_master_key(file)
    told = (await closed()).why
    assert "is another one" in told and wrong.id.hex() in told and right.id.hex() in told
    file.chmod(0o644)
    assert "chmod 600" in (await closed()).why
    file.unlink()
    (tmp_path / "moved").rename(file)
    assert (await unlock(database, file, clock.now())).id == right.id


async def test_a_bad_key_file_stops_the_very_first_start(database, clock, tmp_path: Path):
    file = tmp_path / "master.key"
    file.write_text("secret")
    file.chmod(0o600)
    with pytest.raises(Misconfigured):
        await unlock(database, file, clock.now())


async def test_a_closed_vault_neither_opens_nor_seals(database, clock):
    release_id = await add_release(database, clock.now())
    closed = with_key(database, clock, MissingKey("gone"))
    async with database.transaction() as tx:
        for act in (
            closed.edition(tx, release_id, 1, LOOK),
            closed.seal_text(tx, release_id, 1, Text(a_release())),
            closed.seal_note(
                tx, release_id, Decision(0, 1, Move.KILL, "", "", "Why.", clock.now())
            ),
        ):
            with pytest.raises(CannotOpen, match="vault is closed"):
                await act
    other = with_key(database, clock, OTHER)
    with pytest.raises(CannotOpen, match="another master key"):
        await look(other, database, release_id)


async def test_rewrapping_takes_the_data_keys_over(database, clock):
    release_id = await add_release(database, clock.now())
    async with database.transaction() as tx:
        await data_keys.set_first_master(tx, MASTER.id, clock.now())
        assert await rewrap(tx, MASTER, OTHER, clock.now()) == 1
        assert await wrapped_by(tx) == {OTHER.id.hex(): 1}
        assert await data_keys.master(tx) == OTHER.id
    assert await look(with_key(database, clock, OTHER), database, release_id)
    with pytest.raises(CannotOpen):
        await look(with_key(database, clock, MASTER), database, release_id)


async def test_beginning_anew_leaves_what_waits_shut_and_seals_the_next(database, clock):
    old = await add_release(database, clock.now())
    async with database.transaction() as tx:
        await data_keys.set_first_master(tx, MASTER.id, clock.now())
        await begin_anew(tx, OTHER, clock.now())
        assert await data_keys.master(tx) == OTHER.id
    vault = with_key(database, clock, OTHER)
    with pytest.raises(CannotOpen, match="another master key"):
        await look(vault, database, old)
    new = await add_release(database, clock.now())
    await rows(database, "DELETE FROM data_key WHERE release_id = %s RETURNING 1", new)
    async with database.transaction() as tx:
        sealed = await vault.seal_text(tx, new, 1, Text(a_release()))
        await releases.put_version(tx, new, 1, act=Act.PUBLISH, sealed=sealed, now=clock.now())
    assert await look(vault, database, new)


def an_installation(database: Database, home: Path) -> Installation:
    installation = Installation(home)
    installation.environment["TIDEWIRE_DATABASE_URL"] = database.url
    return installation


async def test_without_its_key_the_wire_says_so_and_what_is_public_goes_on(
    database, clock, tmp_path: Path
):
    installation = an_installation(database, tmp_path)
    file = tmp_path / "keys" / "master.key"
    settings = read_settings(installation.environment)
    async with open_house(settings) as house:
        async with database.transaction() as tx:
            editor = await open_editor(tx, "Mara Muster", clock.now())
            key = await issue_key(tx, editor.account_id, clock.now())
        await add_release(database, clock.now())
        await go(database, clock)  # under the tests' own key, as any release is once it is out
        waiting = await add_release(database, clock.now())
        async with database.transaction() as tx:
            [public, waits] = reversed(await releases.queue(tx))
            assert waits.id == waiting and not house.vault.closed
    file.rename(tmp_path / "moved")
    bearer = {"Authorization": f"Bearer {key}"}
    with installation.running("web"):
        await asyncio.to_thread(installation.wait_for_pages)
        async with httpx.AsyncClient(base_url=installation.base_url) as http:
            page = await http.get(f"/releases/{public.ref}/en")
            assert page.status_code == 200 and "Jellytower" in page.text
            desk = "/api/v1/desk/releases"
            shown = await http.get(f"{desk}/{public.ref}", headers=bearer)
            assert shown.json()["headline"].endswith("Quallenturm")
            listed = (await http.get(desk, headers=bearer)).json()["releases"]
            assert [(one["headline"] == "", one["sealed"]) for one in listed] == [
                (True, True),
                (False, False),
            ]
            refused = await http.get(f"{desk}/{waits.ref}", headers=bearer)
            assert refused.status_code == 503
            assert refused.headers["content-type"] == "application/problem+json"
            assert "vault is closed" in refused.json()["title"]
            assert str(tmp_path) not in refused.text
            killed = await http.post(
                f"{desk}/{public.ref}/kill", json={"note": "No."}, headers=bearer
            )
            assert killed.status_code == 200, killed.text
    log = (tmp_path / "web.log").read_text("utf-8")
    assert "the vault is closed" in log and "is not there" in log and "Traceback" not in log
    told = await asyncio.to_thread(installation.command, "vault", "status")
    assert told.returncode == 1 and "is not there" in told.stdout and not told.stderr
    assert not file.exists()


async def test_the_master_key_is_changed_by_command(
    database, clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("TIDEWIRE_DATABASE_URL", database.url)
    monkeypatch.setenv("TIDEWIRE_HOME", str(tmp_path))
    file, old = tmp_path / "keys" / "master.key", tmp_path / "old.key"

    async def command(*words: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, commands.app, list(words))

    assert (await command("status")).exit_code == 0
    first = read_master_key(file)
    assert first is not None
    release_id = await add_release(database, clock.now())
    await rows(database, "DELETE FROM data_key RETURNING 1")
    async with database.transaction() as tx:
        kept = await with_key(database, clock, first).key_of(tx, release_id)
    assert "the same key" in str((await command("rewrap", str(file))).exception)
    file.rename(old)
    assert (await command("status")).exit_code == 1
    assert (await command("rewrap", str(old))).stdout.startswith("1 data keys are wrapped")
    second = read_master_key(file)
    assert second is not None and second.id != first.id
    async with database.transaction() as tx:
        assert await with_key(database, clock, second).key_of(tx, release_id) == kept
    stands = await command("status")
    assert stands.exit_code == 0 and second.id.hex() in stands.stdout
    file.unlink()
    assert isinstance((await command("renew")).exception, BadInput)
    assert not file.exists()
    assert (await command("renew", "--yes")).exit_code == 0
    assert (await command("status")).exit_code == 0
