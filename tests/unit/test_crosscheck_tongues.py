"""One meaning, written as each of fifteen languages writes it, raises no alarm in any pair."""

import tomllib
from itertools import permutations
from pathlib import Path

import pytest

from tidewire.crosscheck.compare import compare_facts
from tidewire.crosscheck.facts import read
from tidewire.crosscheck.match import Weight
from tidewire.languages import KNOWN_15
from tidewire.model.rendition import Rendition

SENTENCES = tomllib.loads(Path(__file__).with_name("crosscheck_sentences.toml").read_text("utf-8"))


@pytest.mark.parametrize("meaning", SENTENCES)
def test_one_meaning_in_two_languages_raises_no_alarm(meaning: str) -> None:
    said = SENTENCES[meaning]
    assert set(said) == set(KNOWN_15)
    facts = [read(Rendition(tag, "", f"<p>{text}</p>")) for tag, text in said.items()]
    found = [
        f"{one.language} > {finding.message}"
        for one, other in permutations(facts, 2)
        for finding in compare_facts([one, other]).findings
        if finding.weight is not Weight.NOTE
    ]
    assert found == []
