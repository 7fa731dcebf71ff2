"""Judges that are programs: from Debian, or from npm in `.dev/node`, as `.ci/run` installs them.

On a machine without one its rows are left out, with the reason; in CI that is a failure.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from news_items import ROOT

MODULES = ROOT / ".dev" / "node" / "node_modules"
HERE = Path(__file__).parent


def absent(reason: str) -> None:
    """Leave the test out because a judge is not here. Fails instead in CI."""
    assert "CI" not in os.environ, f"{reason} In CI it must be."
    pytest.skip(reason)


def program(name: str, package: str) -> str:
    """The path of a program, which Debian's package has."""
    found = shutil.which(name)
    if found is None:
        absent(f"{name} is not installed here: apt-get install {package}.")
    return str(found)


def module(name: str) -> Path:
    """The folder of an npm package."""
    if not (MODULES / name).is_dir():
        absent(f"{name} is not installed here; .ci/run says how, in one line with npm.")
    return MODULES / name


def version_of(name: str) -> Callable[[], str]:
    """Asks for the version of an npm package."""
    return lambda: json.loads((module(name) / "package.json").read_text("utf-8"))["version"]


def node(script: str, package: str, given: object) -> Any:
    """What a script of this folder says of what it is given, both as JSON.

    Its first argument is the address of npm's folder.
    """
    module(package)
    command = [program("node", "npm"), str(HERE / script), MODULES.as_uri()]
    run = subprocess.run(
        command, input=json.dumps(given).encode(), capture_output=True, timeout=600, check=False
    )
    assert run.returncode == 0, run.stderr.decode(errors="replace")[-4000:]
    return json.loads(run.stdout)
