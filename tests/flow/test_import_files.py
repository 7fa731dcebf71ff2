"""Imports: whole rows kept, bad rows told with their line, nothing half stored."""

import csv
from collections.abc import Mapping
from pathlib import Path

import pytest

from tidewire.audience import admit, sheet
from tidewire.audience.admit import Admission, Summary
from tidewire.audience.index import AudienceIndex
from tidewire.audience.interest import parse
from tidewire.audience.rows import FORMS
from tidewire.bus.bell import Topic
from tidewire.bus.postgres import PostgresBell
from tidewire.clock import FixedClock
from tidewire.model.delivery import ChannelCode
from tidewire.model.errors import BadInput, Conflict
from tidewire.model.subscriber import EndpointState, Kind, SuppressionReason
from tidewire.store import arrivals, endpoints, interests, subscribers, suppressions
from tidewire.store.database import Database

JOURNALIST: Mapping[str, str] = {
    "outside_id": "j1",
    "name": "Wanda Wellenreiter",
    "mail": "wanda@tide.example",
    "country": "DE",
    "languages": "de;en",
    "outlet_kind": "newspaper",
    "interest": "sector:energy",
    "consent_basis": "consent",
    "consent_source": "form of 2025",
    "consent_date": "2025-11-02",
}
SECRET = "whsec_" + "QUJD" * 8
OUTLET: Mapping[str, str] = {
    "outside_id": "o1",
    "name": "Der Gezeitenbote",
    "country": "AT",
    "languages": "de",
    "outlet_kind": "newspaper",
    "interest": "",
    "webhook": "https://hook.tide.example/in",
    "webhook_secret": SECRET,
    "mail": "desk@bote.example",
}
DESKTOP: Mapping[str, str] = {
    "outside_id": "d1",
    "name": "Desk 1",
    "country": "KR",
    "languages": "ko",
    "outlet_kind": "terminal",
    "interest": "",
}


@pytest.fixture
def admission(database: Database, clock: FixedClock) -> Admission:
    return Admission(database, PostgresBell(database), clock)


def a_file(folder: Path, *rows: Mapping[str, str], name: str = "in.csv") -> Path:
    path = folder / name
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    return path


def rejected(path: Path) -> list[tuple[str, str]]:
    with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        return [(row["line"], row["reason"]) for row in csv.DictReader(file)]


async def counts(database: Database) -> tuple[int, ...]:
    async with database.transaction() as tx:
        found = []
        for table in ("subscriber", "interest", "endpoint"):
            row = await (await tx.execute(f"SELECT count(*) FROM {table}".encode())).fetchone()
            assert row is not None
            found.append(row[0])
    return tuple(found)


async def test_each_kind_is_stored_with_profile_interest_and_addresses(
    admission: Admission, database: Database, tmp_path: Path
) -> None:
    outlet = await admission.admit(Kind.OUTLET, a_file(tmp_path, OUTLET))
    journalist = await admission.admit(Kind.JOURNALIST, a_file(tmp_path, JOURNALIST))
    desktop = await admission.admit(Kind.DESKTOP, a_file(tmp_path, DESKTOP))
    assert outlet == journalist == desktop == Summary(new=1)
    async with database.transaction() as tx:
        wanda = await subscribers.of_outside_id(tx, Kind.JOURNALIST, "j1")
        assert (wanda.languages, wanda.country, wanda.outlet_kind) == (
            ("de", "en"),
            "DE",
            "newspaper",
        )
        assert await interests.of_subscriber(tx, wanda.id) == parse("sector:energy")
        row = await (
            await tx.execute(
                "SELECT consent_basis, consent_source, consent_at AT TIME ZONE 'UTC'"
                " FROM subscriber WHERE id = %s",
                (wanda.id,),
            )
        ).fetchone()
        assert row is not None
        assert (row[0], row[1], str(row[2])) == ("consent", "form of 2025", "2025-11-02 00:00:00")
        bote = await subscribers.of_outside_id(tx, Kind.OUTLET, "o1")
        reached = {e.channel: e async for e in endpoints.for_subscribers(tx, [bote.id])}
        assert reached[ChannelCode.WEBHOOK].secret == SECRET
        assert reached[ChannelCode.EMAIL].address == "desk@bote.example"
        assert len(await endpoints.active_for(tx, [bote.id, wanda.id])) == 3
        assert await subscribers.count(tx) == {
            Kind.OUTLET: 1,
            Kind.JOURNALIST: 1,
            Kind.DESKTOP: 1,
        }


async def test_a_second_import_changes_and_does_not_double(
    admission: Admission, database: Database, clock: FixedClock, tmp_path: Path
) -> None:
    await admission.admit(Kind.JOURNALIST, a_file(tmp_path, JOURNALIST))
    before = await counts(database)
    index = await AudienceIndex.load(database)
    clock.advance(5)
    changed = {**JOURNALIST, "name": "W. Wellenreiter", "interest": "sector:gaming OR country:KR"}
    summary = await admission.admit(Kind.JOURNALIST, a_file(tmp_path, changed))
    assert (summary.new, summary.renewed) == (0, 1)
    assert await index.refresh(database) == 1
    assert await counts(database) == (before[0], before[1] + 1, before[2])
    async with database.transaction() as tx:
        wanda = await subscribers.of_outside_id(tx, Kind.JOURNALIST, "j1")
        assert wanda.name == "W. Wellenreiter"
        assert await interests.of_subscriber(tx, wanda.id) == parse(changed["interest"])
    await admission.admit(Kind.JOURNALIST, a_file(tmp_path, JOURNALIST))
    assert await counts(database) == before


async def test_a_new_address_takes_the_place_of_the_old_one_and_back(
    admission: Admission, database: Database, tmp_path: Path
) -> None:
    moved = {**JOURNALIST, "mail": "wanda@ebb.example"}
    for row in (JOURNALIST, moved, JOURNALIST):
        await admission.admit(Kind.JOURNALIST, a_file(tmp_path, row))
        async with database.transaction() as tx:
            wanda = await subscribers.of_outside_id(tx, Kind.JOURNALIST, "j1")
            active = [
                e.address
                async for e in endpoints.for_subscribers(tx, [wanda.id])
                if e.state is EndpointState.ACTIVE
            ]
        assert active == [row["mail"]]


async def test_what_delivery_disabled_stays_disabled(
    admission: Admission, database: Database, tmp_path: Path
) -> None:
    await admission.admit(Kind.OUTLET, a_file(tmp_path, OUTLET))
    async with database.transaction() as tx:
        hook = await endpoints.of_address(tx, ChannelCode.WEBHOOK, OUTLET["webhook"])
        assert hook is not None
        await endpoints.set_state(tx, hook.id, EndpointState.DISABLED)
    await admission.admit(Kind.OUTLET, a_file(tmp_path, OUTLET))
    async with database.transaction() as tx:
        hook = await endpoints.of_address(tx, ChannelCode.WEBHOOK, OUTLET["webhook"])
        assert hook is not None
        assert hook.state is EndpointState.DISABLED


async def test_a_suppressed_address_stays_suppressed(
    admission: Admission, database: Database, clock: FixedClock, tmp_path: Path
) -> None:
    async with database.transaction() as tx:
        assert await suppressions.add(
            tx,
            ChannelCode.EMAIL,
            "Wanda@Tide.example",
            SuppressionReason.UNSUBSCRIBED,
            "one click",
            clock.now(),
        )
    for _ in range(2):
        await admission.admit(Kind.JOURNALIST, a_file(tmp_path, JOURNALIST))
        async with database.transaction() as tx:
            wanda = await subscribers.of_outside_id(tx, Kind.JOURNALIST, "j1")
            found = [e async for e in endpoints.for_subscribers(tx, [wanda.id])]
            assert [e.state for e in found] == [EndpointState.SUPPRESSED]
            assert await endpoints.active_for(tx, [wanda.id]) == []
            assert await suppressions.suppressed(tx, [found[0].id]) == {found[0].id}
            why = await suppressions.find(tx, ChannelCode.EMAIL, "WANDA@tide.example")
            assert why is not None
            assert why.reason is SuppressionReason.UNSUBSCRIBED


async def test_bad_rows_are_told_and_the_rest_is_kept(
    admission: Admission, database: Database, tmp_path: Path
) -> None:
    good = a_file(tmp_path, JOURNALIST, {**JOURNALIST, "outside_id": "j2", "mail": "b@x.example"})
    header, first, second = good.read_bytes().splitlines()
    wrong = [
        first,  # line 3 of the file: the same id again
        second.replace(b"j2", b"j3"),  # the same address as line 2
        second.replace(b"j2", b"j4").replace(b"b@x.example", b"not a mail"),
        second.replace(b"j2", b"j5").replace(b",DE,", b",XX,"),
        second.replace(b"j2", b"j6").replace(b"Wanda", b"W\xff"),
        b'j7,"open,' + second,
        second + b",more",
        second.replace(b"j2", b"j8").replace(b"sector:energy", b"sector:enrgy"),
        second.replace(b"j2", b"j9").replace(b",consent,", b",because,"),
        second.replace(b"j2", b"j10").replace(b"2025-11-02", b"2.11.2025"),
        second.replace(b"j2", b"j11").replace(b"2025-11-02", b"2031-11-02"),
        second.replace(b"j2", b"j12").replace(b"form of 2025", b""),
        second.replace(b"j2", b"j\x0013"),
        second.replace(b"j2", b"j14").replace(b"de;en", b""),
    ]
    lines = [b"\xef\xbb\xbf" + header, second, first, b"", *wrong, b", ,,,", b""]
    path = tmp_path / "mixed.csv"
    path.write_bytes(b"\r\n".join(lines))

    summary = await admission.admit(Kind.JOURNALIST, path)
    assert (summary.new, summary.rejected) == (2, len(wrong))
    assert summary.written_to == tmp_path / "mixed.rejected.csv"
    told = dict(rejected(summary.written_to))
    expected = [
        "outside_id stands on line 3",
        "email address stands on line 2",
        "'not a mail' is not a mail address",
        "country 'XX'",
        "is not UTF-8",
        "quote is not closed",
        "11 values; the header names 10",
        "'enrgy' is not a sector",
        "consent_basis is 'because'",
        "consent_date '2.11.2025'",
        "lies ahead",
        "consent_source is empty",
        "control character",
        "languages must name",
    ]
    assert list(told) == [str(line) for line in range(5, 5 + len(wrong))]
    for reason, part in zip(told.values(), expected, strict=True):
        assert part in reason
    assert await counts(database) == (2, 2, 2)


async def test_a_corrected_file_of_rejected_rows_can_be_imported(
    admission: Admission, database: Database, tmp_path: Path
) -> None:
    path = a_file(tmp_path, DESKTOP, {**DESKTOP, "outside_id": "d2", "country": "XX"})
    summary = await admission.admit(Kind.DESKTOP, path)
    assert summary.written_to is not None
    text = summary.written_to.read_text()
    summary.written_to.write_text(text.replace(",XX,", ",DE,"))
    assert (await admission.admit(Kind.DESKTOP, summary.written_to)).new == 1
    assert (await counts(database))[0] == 2


async def test_twins_are_found_across_batches(
    admission: Admission, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admit, "BATCH", 2)
    rows = [{**JOURNALIST, "outside_id": f"j{n}", "mail": f"j{n}@x.example"} for n in range(5)]
    rows += [{**rows[0], "mail": "other@x.example"}, {**rows[1], "outside_id": "j9"}]
    summary = await admission.admit(Kind.JOURNALIST, a_file(tmp_path, *rows))
    assert (summary.new, summary.rejected) == (5, 2)
    assert summary.first == [
        (7, "this outside_id stands on line 2 already."),
        (8, "this email address stands on line 3 already."),
    ]


async def test_known_desktops_are_found_among_new_ones_and_keep_their_id(
    admission: Admission, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admit, "BATCH", 3)
    rows = [{**DESKTOP, "outside_id": f"d{n}"} for n in range(9)]
    await admission.admit(Kind.DESKTOP, a_file(tmp_path, rows[4]))
    async with database.transaction() as tx:
        before = await subscribers.of_outside_id(tx, Kind.DESKTOP, "d4")
    rows[4] = {**rows[4], "languages": "de", "interest": "sector:energy"}
    summary = await admission.admit(Kind.DESKTOP, a_file(tmp_path, *rows))
    assert (summary.new, summary.renewed, summary.rejected) == (8, 1, 0)
    assert await counts(database) == (9, 9, 0)
    async with database.transaction() as tx:
        after = await subscribers.of_outside_id(tx, Kind.DESKTOP, "d4")
        assert (after.id, after.languages) == (before.id, ("de",))
        assert await interests.of_subscriber(tx, after.id) == parse("sector:energy")


async def test_twins_among_desktops_are_told_with_the_first_line(
    admission: Admission, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admit, "BATCH", 2)
    ids = ["d1", "d2", "d3", "d1", "d4", "d5", "d4"]
    rows = [{**DESKTOP, "outside_id": outside_id} for outside_id in ids]
    summary = await admission.admit(Kind.DESKTOP, a_file(tmp_path, *rows))
    assert (summary.new, summary.renewed, summary.rejected) == (5, 0, 2)
    assert summary.first == [
        (5, "this outside_id stands on line 2 already."),
        (8, "this outside_id stands on line 6 already."),
    ]
    assert await counts(database) == (5, 5, 0)


async def test_a_file_that_is_long_is_read_like_a_short_one(
    admission: Admission, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheet, "_BLOCK", 300)
    names = ["Desk", 'De"sk', "Pult – 달빛", "  Desk ", "De,sk"]
    rows = [{**DESKTOP, "outside_id": f"d{n}", "name": names[n % 5]} for n in range(40)]
    path = a_file(tmp_path, *rows)
    lines = path.read_bytes().splitlines()
    lines[7] = lines[7] + b"\r"
    lines[9] = b'd8,"open,KR,ko,terminal,'
    lines[20] = b"d19,\xff,KR,ko,terminal,"
    lines[30] = b"d29," + 100_000 * b"x"
    path.write_bytes(b"\n".join(lines))
    summary = await admission.admit(Kind.DESKTOP, path)
    assert (summary.new, summary.rejected) == (37, 3)
    assert [line for line, _ in summary.first] == [10, 21, 31]
    async with database.transaction() as tx:
        for row in (rows[6], rows[31], rows[39]):
            found = await subscribers.of_outside_id(tx, Kind.DESKTOP, row["outside_id"])
            assert found.name == row["name"].strip()


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("sector:energy OR sector:gaming", True),
        ('sector:energy OR keyword:"one OR two"', True),
        ('keyword:"one OR two OR three"', True),
        ("sector:energy  OR\tsector:gaming", False),
        ("sector:energy sector:energy OR *", True),
        ("sector:energy OR", False),
        ("sector:energy OR  OR sector:gaming", False),
        ("sector:energy OR sectr:gaming", False),
        (" OR ".join(["sector:energy"] * 9), False),
    ],
)
async def test_an_interest_of_a_file_means_what_it_means_elsewhere(
    admission: Admission, database: Database, tmp_path: Path, text: str, right: bool
) -> None:
    summary = await admission.admit(Kind.DESKTOP, a_file(tmp_path, {**DESKTOP, "interest": text}))
    assert summary.kept == right
    if right:
        async with database.transaction() as tx:
            who = await subscribers.of_outside_id(tx, Kind.DESKTOP, "d1")
            assert await interests.of_subscriber(tx, who.id) == parse(text)


async def test_an_address_of_somebody_else_is_refused(
    admission: Admission, database: Database, tmp_path: Path
) -> None:
    await admission.admit(Kind.JOURNALIST, a_file(tmp_path, JOURNALIST))
    outlet = {**OUTLET, "mail": JOURNALIST["mail"]}
    summary = await admission.admit(Kind.OUTLET, a_file(tmp_path, outlet))
    assert summary.first == [
        (2, "this email address belongs to the subscriber with outside_id 'j1' already.")
    ]
    assert await counts(database) == (1, 1, 1)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"outside_id,name,country,languages,outlet_kind,interest\n", "no rows"),
        (b"outside_id,name,country,languages,interest\n", "missing: outlet_kind"),
        (b"outside_id,name,country,languages,outlet_kind,intrest\n", "unknown: intrest"),
        (b"name,name,outside_id,country,languages,outlet_kind,interest\n", "twice: name"),
        (b"outside_id;name;country;languages;outlet_kind;interest\n", "missing:"),
        ("outside_id,name".encode("utf-16"), "UTF-16"),
        (b'"outside_id,name\n', "no header"),
        (b"\xff\xd8\x00\x01\n", "no header"),
        (b"x" * 300_000, "no header"),
    ],
)
async def test_a_file_that_cannot_be_taken_is_refused_as_a_whole(
    admission: Admission, database: Database, tmp_path: Path, content: bytes, said: str
) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    with pytest.raises(BadInput) as caught:
        await admission.admit(Kind.DESKTOP, path)
    assert said in caught.value.message
    assert await counts(database) == (0, 0, 0)


@pytest.mark.parametrize("name", ["missing.csv", "."])
async def test_a_path_that_is_no_file_is_refused(
    admission: Admission, tmp_path: Path, name: str
) -> None:
    with pytest.raises(BadInput, match=r"cannot be read|no plain file"):
        await admission.admit(Kind.DESKTOP, tmp_path / name)


async def test_what_breaks_off_leaves_whole_rows_only_and_is_finished_by_running_again(
    admission: Admission, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admit, "BATCH", 2)
    rows = [{**DESKTOP, "outside_id": f"d{n}"} for n in range(7)]
    path = a_file(tmp_path, *rows)

    def broken_off(done: int) -> None:
        if done and steps.append(done) is None and len(steps) == 3:
            raise KeyboardInterrupt

    steps: list[int] = []
    with pytest.raises(KeyboardInterrupt):
        await admission.admit(Kind.DESKTOP, path, broken_off)
    subscriber, interest, _ = await counts(database)
    assert subscriber == interest < 7
    summary = await admission.admit(Kind.DESKTOP, path)
    assert summary.kept == 7
    assert summary.renewed == subscriber
    assert await counts(database) == (7, 7, 0)


async def test_two_imports_do_not_run_at_once(
    admission: Admission, database: Database, tmp_path: Path
) -> None:
    async with database.session() as session:
        assert await arrivals.begin(session)
        with pytest.raises(Conflict, match="Another import"):
            await admission.admit(Kind.DESKTOP, a_file(tmp_path, DESKTOP))


async def test_the_end_of_an_import_is_rung(admission: Admission, tmp_path: Path) -> None:
    async with admission.bell.listen(Topic.AUDIENCE) as rings:
        await admission.admit(Kind.DESKTOP, a_file(tmp_path, DESKTOP))
        assert await anext(rings) == (Topic.AUDIENCE, "desktop")


async def test_odd_characters_arrive_as_they_were(
    admission: Admission, database: Database, tmp_path: Path
) -> None:
    name = 'A "quoted", back\\slashed \\N {name} – 달빛'
    await admission.admit(Kind.DESKTOP, a_file(tmp_path, {**DESKTOP, "name": name}))
    async with database.transaction() as tx:
        assert (await subscribers.of_outside_id(tx, Kind.DESKTOP, "d1")).name == name


def test_the_forms_name_the_columns_of_the_guide() -> None:
    assert FORMS[Kind.DESKTOP].columns == tuple(DESKTOP)
    assert set(FORMS[Kind.OUTLET].columns) == set(OUTLET)
    assert set(FORMS[Kind.JOURNALIST].columns) == set(JOURNALIST)
