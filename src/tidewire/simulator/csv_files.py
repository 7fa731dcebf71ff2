"""The world's CSV files, as `tidewire import` takes them."""

import csv
import io
import multiprocessing
import os
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

from tidewire.simulator.world import Reader, World

READER = ("country", "languages", "outlet_kind", "interest")
OUTLETS = ("outside_id", "name", *READER, "webhook", "webhook_secret", "mail")
JOURNALISTS = (
    "outside_id", "name", "mail", *READER, "consent_basis", "consent_source", "consent_date",
)  # fmt: skip
DESKTOPS = ("outside_id", "name", *READER)
ENDPOINTS = ("outlet", "channel", "address", "secret_file")


def write_csv_files(world: World, folder: Path, web_port: int) -> None:
    """Write outlets.csv, journalists.csv and desktops.csv; a block of rows in memory at a time."""
    _write(
        folder / "outlets.csv",
        OUTLETS,
        (
            (o.reader.outside_id, o.reader.name, *_reader(o.reader), o.webhook, o.secret, o.mail)
            for o in world.outlets(web_port)
        ),
    )
    _write(
        folder / "journalists.csv",
        JOURNALISTS,
        (
            (
                j.reader.outside_id, j.reader.name, j.mail, *_reader(j.reader),
                j.consent_basis, j.consent_source, j.consent_date,
            )
            for j in world.journalists()
        ),
    )  # fmt: skip
    _write_desktops(folder / "desktops.csv", world)


def write_endpoints(folder: Path, rows: Iterable[tuple[str, str, str, str]]) -> None:
    """Write endpoints.csv of (outlet, channel, address, secret); secrets in files of their own."""
    secrets = folder / "secrets"
    secrets.mkdir(mode=0o700, exist_ok=True)
    named = []
    for outlet, channel, address, secret in rows:
        file = secrets / outlet
        file.touch(mode=0o600)
        file.write_text(secret, encoding="ascii")
        named.append((outlet, channel, address, f"{secrets.name}/{outlet}"))
    _write(folder / "endpoints.csv", ENDPOINTS, named)


def _write_desktops(file: Path, world: World) -> None:
    """One block of desktops after the other, made by as many processes as there are cores."""
    blocks, make = world.desktop_blocks(), partial(_desktop_rows, world)
    with file.open("wb") as out:
        out.write(_rows([DESKTOPS]))
        if len(blocks) == 1:
            out.writelines(map(make, blocks))
            return
        fresh = multiprocessing.get_context("spawn")  # a fork would take our threads' locks along
        with fresh.Pool(min(len(blocks), os.cpu_count() or 1)) as makers:
            out.writelines(makers.imap(make, blocks))


def _desktop_rows(world: World, block: range) -> bytes:
    return _rows((d.outside_id, d.name, *_reader(d)) for d in world.desktops_of(block))


def _rows(rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _reader(reader: Reader) -> tuple[str, str, str, str]:
    return reader.country, ";".join(reader.languages), reader.outlet_kind, reader.interest


def _write(file: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(header)
        writer.writerows(rows)
