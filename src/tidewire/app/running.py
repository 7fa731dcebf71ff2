"""Run programs: an event loop, signals that end it, and log lines that hold no text."""

import asyncio
import ctypes
import gc
import logging
import os
import re
import signal
import sys
import traceback
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import structlog
import uvloop

from tidewire.clock import stopwatch
from tidewire.model.errors import WireError
from tidewire.waiting import within

Result = TypeVar("Result")

PR_SET_PDEATHSIG = 1
COLLECT_AFTER = (20_000, 20, 50)  # objects, and collections of the generation before

LIBRARIES = ("uvicorn.error", "asyncio", "aiohttp", "psycopg", "mail.log")
MOST_FRAMES = 12  # of an error's frames, the innermost


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine to its end on uvloop."""
    # What is loaded by now stays, and what a page holds comes and goes by the thousand:
    # looking for cycles in either took a tenth of the time of sending.
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
    return uvloop.run(work)


def start_log() -> None:
    """One line per event on stderr: for people at a terminal, JSON anywhere else."""
    level = logging.getLevelNamesMapping().get(os.environ.get("TIDEWIRE_LOG", "INFO").upper(), 20)
    last: Any = (
        structlog.dev.ConsoleRenderer()
        if sys.stderr.isatty()
        else structlog.processors.JSONRenderer()
    )
    # It logs a traceback for mail that it cannot read; we take that as "no bounce".
    logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _without_values,
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    root.handlers = [OneLine()]
    root.setLevel(max(level, logging.WARNING))
    for name in LIBRARIES:
        library = logging.getLogger(name)
        library.handlers, library.propagate = [], True


class OneLine(logging.Handler):
    """What libraries log, as one line of ours: never a traceback, whose words may hold text."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log the message's first line, and what may be said of the error."""
        try:
            words = record.getMessage()
        except Exception:  # its arguments do not fit its words
            words = str(record.msg)
        words = words.partition("\n")[0]
        if record.name == "asyncio":  # it shows calls and tasks with their values
            words = re.split(r"[(<\[{'\":=]", words)[0].strip()
        error = record.exc_info[1] if record.exc_info else None
        found = facts(error) if error is not None else {}
        log = structlog.get_logger()
        log.log(record.levelno, words[:200], logger=record.name, **found)


def facts(error: BaseException) -> dict[str, Any]:
    """What a log may say of an error: its type, its SQLSTATE, and where it came from.

    Its own words may hold a release's text or a row's values, and are left out.
    """
    frames = traceback.extract_tb(error.__traceback__)[-MOST_FRAMES:]
    said: dict[str, Any] = {
        "error": type(error).__name__,
        "at": [f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames],
    }
    if isinstance(error, psycopg.Error) and error.sqlstate:
        said["sqlstate"] = error.sqlstate
    if error.__cause__ is not None:
        said["cause"] = type(error.__cause__).__name__
    return said


def _without_values(
    _logger: object, _name: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Put an error's facts in the place of its traceback."""
    given = event.pop("exc_info", None)
    error = sys.exc_info()[1] if given is True else given
    if isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        event.update(facts(error))
    return event


def end_with_parent() -> None:
    """Have the kernel ask this process to end when its parent dies, also by SIGKILL (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def stop_on_signal() -> asyncio.Event:
    """An event that is set when the program is asked to end (SIGTERM, SIGINT)."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    return stopping


async def repeat(
    name: str,
    step: Callable[[], Awaitable[object]],
    wake: asyncio.Event,
    *,
    every: Callable[[], Awaitable[float]],
    busy: dict[asyncio.Event, float] | None = None,
) -> None:
    """Do `step` whenever woken, and after at most `every()` seconds; a fault is logged, not fatal.

    `every` is asked after each step how long nothing may happen. `busy` holds by `wake`
    since when (stopwatch) a step has lasted.
    """
    busy = {} if busy is None else busy
    log = structlog.get_logger()
    while True:
        wake.clear()
        busy[wake] = stopwatch()
        try:
            await step()
            pause = await every()
        except Exception as error:  # the next round may succeed; the fact is still in the store
            log.error("loop failed", loop=name, why=_reason(error), **facts(error))
            pause = 1.0
        busy.pop(wake, None)
        await within(pause, wake)


def _reason(error: Exception) -> str:
    """The first line of an error's own words, where these cannot hold values."""
    if not isinstance(error, WireError | OSError | psycopg.OperationalError):
        return ""
    return str(error).partition("\n")[0][:200]
