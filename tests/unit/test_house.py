"""The house keeps its own rules: only publish makes public, no file grows out of hand."""

import ast
import re
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "tidewire"
FILES = sorted(SOURCE.rglob("*.py"))
LINES = 300

# A write of *published*, of a sequence number or of a publication time.
MAKES_PUBLIC = re.compile(
    r"""state\s*=\s*'published'|SET[^;]*\b(sequence|published_at)\s*=|"""
    r"""INSERT\s+INTO\s+release_version[^)]*\b(sequence|published_at)\b""",
    re.IGNORECASE | re.DOTALL,
)


def statements(source: str) -> list[str]:
    """Every string in a module, the parts of f-strings and of joined literals together."""
    tree = ast.parse(source)
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.append(node.value)
        elif isinstance(node, ast.JoinedStr):
            parts = [p.value for p in node.values if isinstance(p, ast.Constant)]
            found.append(" ".join(str(p) for p in parts))
    return found


def test_only_the_moment_can_make_a_release_public():
    writers = {
        file.relative_to(SOURCE).as_posix()
        for file in FILES
        if any(MAKES_PUBLIC.search(text) for text in statements(file.read_text("utf-8")))
    }
    assert writers == {"store/moments.py"}


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE release SET state = 'published' WHERE id = 1",
        "UPDATE release_version SET t0 = now(), sequence = 4",
        "INSERT INTO release_version (release_id, sequence) VALUES (1, 2)",
    ],
)
def test_the_search_for_such_writes_finds_them(sql):
    assert MAKES_PUBLIC.search(sql)


def test_no_decision_of_the_desk_sets_a_release_to_published():
    for file in [*SOURCE.glob("desk/*.py"), *SOURCE.glob("intake/*.py")]:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr == "PUBLISHED":
                source = ast.unparse(node)
                line = file.read_text("utf-8").splitlines()[node.lineno - 1]
                assert " is State.PUBLISHED" in line or "==" in line or " in " in line, (
                    f"{file.name}:{node.lineno} uses {source} other than to compare"
                )


def test_one_function_opens_what_waits():
    """`Vault._open` writes to the ledger first; the others unwrap data keys, or open at T0."""
    callers = {
        (file.relative_to(SOURCE).as_posix(), function.name)
        for file in FILES
        for function in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("unseal")
    }
    assert callers == {
        ("vault/vault.py", "_open"),
        ("vault/keys.py", "unwrap"),
        ("vault/pictures.py", "public_bytes"),
        ("delivery/attempt.py", "_prepared"),  # pages that are public
    }


def test_no_file_is_longer_than_it_can_be_read():
    long = {f.relative_to(SOURCE).as_posix(): n for f in FILES if (n := lines(f)) > LINES}
    assert not long


def test_every_module_says_what_it_is_for():
    silent = [f.as_posix() for f in FILES if not ast.get_docstring(ast.parse(f.read_text("utf-8")))]
    assert not silent


def test_no_sql_stands_outside_the_store():
    query = re.compile(r"^\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|COPY)\s+\w", re.MULTILINE)
    outside = {
        file.relative_to(SOURCE).as_posix()
        for file in FILES
        if file.relative_to(SOURCE).parts[0] not in ("store", "bus")
        for text in statements(file.read_text("utf-8"))
        if query.search(text)
    }
    assert not outside


def lines(file: Path) -> int:
    return len(file.read_text("utf-8").splitlines())


def test_the_model_stands_on_values_alone():
    allowed = {
        "collections", "collections.abc", "dataclasses", "datetime", "enum", "types", "typing",
    }  # fmt: skip
    for file in SOURCE.glob("model/*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                assert name in allowed or name.startswith("tidewire.model"), f"{file.name}: {name}"
