"""A breach of any import rule is found by the check that every change must pass."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

BREACHES = {
    "One flow, one way": ("store/wrong.py", "import tidewire.desk.decide"),
    "No channel knows another": ("channels/feed/wrong.py", "import tidewire.channels.email.dkim"),
    "Only the ledger touches its entries": ("desk/wrong.py", "import tidewire.store.receipts"),
    "Only publish makes anything public": ("desk/wrong.py", "import tidewire.store.moments"),
    "Only the vault reads what is sealed": ("desk/wrong.py", "import tidewire.store.data_keys"),
    "Only the application mounts routes": ("desk/wrong.py", "import tidewire.channels.feed.routes"),
    "The product does not know the simulator": (
        "app/wrong.py",
        "import tidewire.simulator.world",
    ),
    "The model does no I/O": ("model/wrong.py", "import socket"),
}


def lint(root: Path) -> "subprocess.CompletedProcess[str]":
    program = Path(sys.executable).parent / "lint-imports"
    return subprocess.run(
        [program, "--config", root / "pyproject.toml", "--no-cache"],
        cwd=root,
        env={"PYTHONPATH": str(root / "src"), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture
def copy(tmp_path):
    """A copy of the source that a test may break."""
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=ignore)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_rules_hold(copy):
    done = lint(copy)
    assert done.returncode == 0, done.stdout[-2000:]
    for name in BREACHES:
        assert f"{name} KEPT" in done.stdout


@pytest.mark.parametrize("name", BREACHES)
def test_a_breach_is_found(copy, name):
    file, line = BREACHES[name]
    (copy / "src" / "tidewire" / file).write_text(f"{line}\n", "utf-8")
    done = lint(copy)
    assert done.returncode != 0
    assert f"{name} BROKEN" in done.stdout


def test_a_package_that_no_layer_names_is_found(copy):
    stray = copy / "src" / "tidewire" / "stray"
    stray.mkdir()
    (stray / "__init__.py").write_text("", "utf-8")
    assert lint(copy).returncode != 0
