"""The command line: `tidewire`."""

import logging
import sys
from collections.abc import Callable

import psycopg
import typer
from rich.console import Console

from tidewire import languages
from tidewire.app.commands.programs import gateway, inbound, serve, web, worker
from tidewire.app.settings import read_settings
from tidewire.model.errors import BadInput, WireError

REFUSED = 2
PROGRAMS: dict[str, Callable[[], None]] = {
    "serve": serve,
    "web": web,
    "worker": worker,
    "gateway": gateway,
    "inbound": inbound,
}


def command_line() -> typer.Typer:
    """All commands. They load much, so that a program that stays up does without them."""
    from tidewire.app.commands import (
        accounts,
        check,
        circuit,
        demo,
        desk,
        desktop,
        doctor,
        endpoint,
        follow,
        importing,
        ledger,
        mail,
        outlet,
        report,
        simulate,
        subjects,
        submit,
        vault,
        webhook,
        xliff,
    )

    app = typer.Typer(
        help="Tidewire, an open newswire.", no_args_is_help=True, pretty_exceptions_enable=False
    )
    for program in PROGRAMS.values():
        app.command()(program)
    app.command()(submit.submit)
    app.command()(follow.follow)
    app.command()(check.check)
    app.command()(report.report)
    app.command()(subjects.subjects)
    app.command()(doctor.doctor)
    app.command()(simulate.simulate)
    app.command()(demo.demo)
    app.add_typer(desk.app, name="desk")
    app.add_typer(importing.app, name="import")
    app.add_typer(accounts.issuer, name="issuer")
    app.add_typer(accounts.editor, name="editor")
    app.add_typer(circuit.app, name="circuit")
    app.add_typer(desktop.app, name="desktop")
    app.add_typer(outlet.app, name="outlet")
    app.add_typer(endpoint.app, name="endpoint")
    app.add_typer(ledger.app, name="ledger")
    app.add_typer(mail.app, name="mail")
    app.add_typer(vault.app, name="vault")
    app.add_typer(webhook.app, name="webhook")
    app.add_typer(xliff.app, name="xliff")
    return app


def main() -> None:
    """Run a command; what cannot be taken ends in one sentence and exit code 2."""
    # The pool tells each failed try; what matters is said once, below.
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
    try:
        # Before anything else: what is wrong with a language is not to come out at a first mail.
        languages.load(read_settings().languages)
        if len(sys.argv) == 2 and (program := PROGRAMS.get(sys.argv[1])):
            program()
        else:
            command_line()(prog_name="tidewire")
    except WireError as error:
        _say(error)
        sys.exit(REFUSED)
    except psycopg.OperationalError:
        Console(stderr=True).print("The database does not answer. Check that it runs.")
        sys.exit(REFUSED)
    except KeyboardInterrupt:
        sys.exit(130)


def _say(error: WireError) -> None:
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(str(error), markup=False)
    if isinstance(error, BadInput):
        for problem in error.problems:
            where = f"{problem.pointer}: " if problem.pointer else ""
            line = f"  {problem.severity}: {where}{problem.message} {problem.advice}"
            console.print(line.rstrip(), markup=False)


if __name__ == "__main__":
    main()
