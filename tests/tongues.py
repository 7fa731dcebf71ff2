"""Languages made up for tests, each as one file in a folder of the operator's."""

import json
import re
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from tidewire.languages import direction, script

_FILLED = re.compile(r"\{\w+\}")
# A word of each direction that no file of ours holds.
WORDS = {"ltr": "qapla", "rtl": "قپلا"}


def add_language(folder: Path, tag: str, **changes: str) -> Path:
    """Write `tag`.toml: every text is one word, its placeholders and the number of its line.

    `changes` are texts by key, put in the place of those with the same placeholders.
    """
    model = tomllib.loads(files("tidewire.languages").joinpath("en.toml").read_text("utf-8"))
    model |= {"tag": tag, "direction": direction(tag), "scripts": [script(tag) or "Latn"]}
    lines: list[str] = []
    for key, value in model.items():
        if not isinstance(value, dict):
            lines.append(f"{key} = {json.dumps(value, ensure_ascii=False)}")
    for table, values in model.items():
        if isinstance(values, dict):
            lines += ["", f"[{table}]", *_texts(table, values, direction(tag), changes)]
    path = folder / f"{tag}.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _texts(
    table: str, values: Mapping[str, Any], way: str, changes: Mapping[str, str]
) -> list[str]:
    lines = []
    for number, (key, value) in enumerate(values.items()):
        said = value
        if table not in ("dateline", "writes") and key not in ("credit", "lead"):
            said = " ".join([WORDS[way], str(number), *_FILLED.findall(value)])
        other = changes.get(key)
        if other is not None and set(_FILLED.findall(other)) == set(_FILLED.findall(value)):
            said = other
        lines.append(f"{json.dumps(key)} = {json.dumps(said, ensure_ascii=False)}")
    return lines
