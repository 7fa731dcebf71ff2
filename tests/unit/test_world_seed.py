"""The world: the same seed makes the same people, in every country and language."""

import csv
import re
from collections import Counter
from pathlib import Path

import pytest

from tidewire.languages import KNOWN_15, is_country
from tidewire.model.sectors import SECTORS
from tidewire.simulator import world as world_module
from tidewire.simulator.csv_files import write_csv_files
from tidewire.simulator.pushed import pushed
from tidewire.simulator.tempers import (
    MAIL_SHARES,
    WEB_SHARES,
    MailTemper,
    WebTemper,
    habit,
    mail_temper,
    number_of,
    slowness,
    web_temper,
)
from tidewire.simulator.world import Size, World, desktop_id, webhook_url

SMALL = Size().scaled(0.01)


def test_the_demo_world_has_the_size_that_is_promised() -> None:
    assert (SMALL.outlets, SMALL.journalists, SMALL.desktops, SMALL.connected) == (
        65,
        860,
        35_000,
        300,
    )


def test_the_same_seed_writes_the_same_files(tmp_path: Path) -> None:
    for name, seed in (("one", 7), ("two", 7), ("other", 8)):
        (tmp_path / name).mkdir()
        write_csv_files(World(seed, Size(20, 50, 200, 5)), tmp_path / name, 4443)
    for file in ("outlets.csv", "journalists.csv", "desktops.csv"):
        one, two, other = ((tmp_path / n / file).read_bytes() for n in ("one", "two", "other"))
        assert one == two
        assert one != other


def test_many_desktops_are_written_by_many_processes_in_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world_module, "DESKTOP_BLOCK", 40)
    world = World(7, Size(1, 1, 100, 1))
    assert [len(block) for block in world.desktop_blocks()] == [40, 40, 20]
    write_csv_files(world, tmp_path, 4443)
    with (tmp_path / "desktops.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["outside_id"] for row in rows] == [desktop_id(n) for n in range(1, 101)]
    assert [row["interest"] for row in rows] == [reader.interest for reader in world.desktops()]
    assert len({row["interest"] for row in rows}) > 60


def test_desktops_live_in_ninety_countries_and_read_fifteen_languages() -> None:
    readers = list(World(3, SMALL).desktops())
    countries = {reader.country for reader in readers}
    assert len(countries) == 90
    assert all(is_country(country) for country in countries)
    assert {reader.languages[0] for reader in readers} == set(KNOWN_15)
    assert all(len(set(r.languages)) == len(r.languages) for r in readers)


def test_interests_are_clauses_over_known_facets_and_some_exclude() -> None:
    term = re.compile(r'-?(sector|subject|keyword|organisation|country):("[^"]+"|\S+)')
    interests = [reader.interest for reader in World(3, SMALL).desktops()]
    for interest in interests:
        for clause in interest.split(" OR ") if interest else ():
            assert term.sub("", clause).strip() == ""
    sectors = set(
        re.findall(r"[a-z-]+", " ".join(re.findall(r"sector:(\S+)", " ".join(interests))))
    )
    assert sectors == set(SECTORS)
    excluding = sum(" -sector:" in interest for interest in interests) / len(interests)
    assert 0.12 < excluding < 0.16
    assert {len(i.split(" OR ")) for i in interests} == {1, 2, 3}


def test_no_interest_excludes_what_it_asks_for() -> None:
    for reader in World(5, Size(1, 1, 3000, 1)).desktops():
        clause = reader.interest.split(" OR ")[0]
        if " -sector:" in clause:
            wanted, unwanted = clause.split(" -sector:")
            assert unwanted not in re.findall(r"[a-z-]+", wanted)


def test_every_outlet_is_reached_somehow_and_addresses_are_unique() -> None:
    world = World(3, SMALL)
    outlets = list(world.outlets(4443))
    pushed_to = pushed(SMALL.outlets)
    for number, outlet in enumerate(outlets, start=1):
        assert number in pushed_to or outlet.webhook or outlet.mail
    assert any(outlet.secret for outlet in outlets)
    assert any(outlet.webhook and not outlet.secret for outlet in outlets)
    mails = Counter(j.mail for j in world.journalists())
    assert max(mails.values()) == 1
    assert all(mail.endswith(".example") for mail in mails)
    assert any(not mail.isascii() for mail in mails)


def test_files_can_be_read_with_quotes_and_lists(tmp_path: Path) -> None:
    world = World(3, SMALL)
    write_csv_files(world, tmp_path, 4443)
    with (tmp_path / "journalists.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row, journalist in zip(rows, world.journalists(), strict=True):
        assert row["mail"] == journalist.mail
        assert row["interest"] == journalist.reader.interest
        assert tuple(row["languages"].split(";")) == journalist.reader.languages
        assert row["consent_basis"]
        assert row["consent_source"]


@pytest.mark.parametrize("seed", [1, 2, 3, 99])
def test_a_small_world_holds_every_temper_in_its_share(seed: int) -> None:
    found = Counter(web_temper(seed, number) for number in range(1, 66))
    assert set(found) == set(WebTemper)
    for temper, share in WEB_SHARES:
        assert abs(found[temper] / 65 - share) < 0.035
    mails = [j.mail for j in World(seed, SMALL).journalists()]
    tempers = Counter(mail_temper(seed, mail) for mail in mails)
    assert set(tempers) == set(MailTemper)
    for mail_kind, share in MAIL_SHARES:
        assert abs(tempers[mail_kind] / len(mails) - share) < 0.01


def test_tempers_hang_on_seed_and_number_alone() -> None:
    assert [web_temper(4, n) for n in range(50)] == [web_temper(4, n) for n in range(50)]
    assert [web_temper(4, n) for n in range(50)] != [web_temper(5, n) for n in range(50)]
    assert 0.3 <= slowness(4, 12) <= 2.5
    assert mail_temper(4, "someone@else.example") is MailTemper.OPEN
    assert habit(4, "desk-0007@outlet-0007.example") == "nothing"
    assert number_of("j-00042@newsroom-001.example") == 42
    assert number_of("bounce+abc@wire.example") is None


def test_webhooks_are_under_one_wildcard() -> None:
    assert webhook_url(7, 4443) == "https://outlet-0007.sim.localhost:4443/hook"
