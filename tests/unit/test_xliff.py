"""XLIFF 2.1: nothing is lost on the way out and in, and what is odd is refused by name."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from tidewire.formats.body import clean, line
from tidewire.formats.segments import segments
from tidewire.formats.xliff.names import NAMESPACE, SegmentState
from tidewire.formats.xliff.read import read_xliff
from tidewire.formats.xliff.write import write_xliff
from tidewire.intake.read import read_files
from tidewire.intake.submission import raw_release, read_submission, sanitised
from tidewire.languages import KNOWN_15
from tidewire.model.errors import BadInput, TooLarge, Unreadable
from tidewire.model.rendition import Dateline, Rendition

SCHEMAS = Path(__file__).parents[3] / "shared" / "schemas"
N = {"x": NAMESPACE}
SOURCE = Rendition(
    "en",
    "Ferry sails",
    clean(
        '<p>See <a href="https://a.example/?a=1&b=%3E"><strong>the</strong> report</a> &amp;'
        " more<br>now</p><ul><li>H<sub>2</sub>O\nand\u00a0<em>air</em></li></ul><p>End.</p>"
    ),
    "At night",
    Dateline("Port Ember", "DK"),
    clean("<p>About us.</p>"),
)
SAMPLE = Path(__file__).parents[2] / "samples" / "lanternfish"
LEAVES = st.one_of(
    st.text(st.characters(exclude_categories=("Cs",)), max_size=12),
    st.sampled_from(
        ["<br>", "<p>", "</p>", "a < b", "{1}", "&nbsp;", "\r\n", "]]>", "<h2>Sub</h2>"]
    ),
)
MARKUP = st.recursive(
    LEAVES,
    lambda inner: st.builds(
        lambda tag, parts: f"<{tag}>{''.join(parts)}</{tag.split()[0]}>",
        st.sampled_from(
            ["p", "strong", "em", "li", "ul", "td", "table", "blockquote", "sub", "h3"]
            + ['a href="https://a.example/>"']
        ),
        st.lists(inner, max_size=4),
    ),
    max_leaves=12,
)


def rendition(language: str) -> Rendition:
    files = [SAMPLE / f"lanternfish.{tag}.md" for tag in ("en", language)]
    document = read_files(files[: 1 if language == "en" else 2], {})
    return sanitised(raw_release(read_submission(document))).rendition(language)


def filled(source: Rendition = SOURCE, into: str = "fr") -> bytes:
    texts = {segment.id: segment.pieces for segment in segments(source)}
    return write_xliff(source, into, original="ref/1", targets=texts)


def changed(old: str, new: str, count: int = 1) -> bytes:
    text = filled().decode()
    assert old in text
    return text.replace(old, new, count).encode()


def refused(raw: bytes, code: str, pointer: str) -> None:
    with pytest.raises(BadInput) as caught:
        read_xliff(raw, SOURCE)
    found = [(p.code, p.pointer) for p in caught.value.problems]
    assert (code, pointer) in found, found
    assert all(p.message and p.advice for p in caught.value.problems)


@pytest.mark.parametrize("language", KNOWN_15)
def test_the_sample_comes_back_whole_in_every_language(language: str) -> None:
    source, other = rendition("en"), rendition(language)
    target = "en-GB" if language == "en" else language
    texts = {segment.id: segment.pieces for segment in segments(other)}
    raw = write_xliff(source, target, original="ref/1", targets=texts)
    back = read_xliff(raw, source)
    assert (back.rendition.body, back.rendition.boilerplate) == (other.body, other.boilerplate)
    assert back.rendition.headline == other.headline
    assert back.rendition.subheadline == other.subheadline
    assert back.rendition.dateline == other.dateline
    assert back.rendition.language == target
    assert back.state is SegmentState.TRANSLATED


@settings(deadline=None)
@given(st.lists(MARKUP, max_size=6).map("".join), st.text(min_size=1, max_size=30).map(line))
def test_any_body_comes_back_to_the_letter(markup: str, headline: str) -> None:
    source = Rendition("en", headline, clean(markup), boilerplate=clean(markup))
    back = read_xliff(filled(source), source).rendition
    assert (back.body, back.boilerplate) == (source.body, source.boilerplate)
    assert back.headline == source.headline


def test_ids_are_fixed_by_place() -> None:
    names = [segment.id for segment in segments(SOURCE)]
    assert names == [
        "headline", "subheadline", "place", "body-1", "body-2", "body-3", "about-1",
    ]  # fmt: skip


def test_codes_may_move_and_what_tools_add_is_read() -> None:
    text = filled().decode()
    old = re.search("<target>(H<pc .*?)</target>", text, re.DOTALL)
    assert old is not None
    pcs = re.findall("<pc .*?</pc>", old[1])
    new = f'<mrk id="m1" type="term">{pcs[1]}</mrk> {pcs[0]}'
    back = read_xliff(text.replace(old[0], f"<target>{new}</target>").encode(), SOURCE).rendition
    assert "<li><em>air</em> <sub>2</sub></li>" in back.body


def test_an_sc_and_its_ec_are_one_code() -> None:
    text = filled().decode()
    pc = re.search("(?<=<target>H)<pc [^>]*>2</pc>", text)
    assert pc is not None
    raw = text.replace(f"<target>H{pc[0]}", '<target>H<sc id="1"/>2<ec startRef="1"/>').encode()
    assert read_xliff(raw, SOURCE).rendition.body == SOURCE.body


def test_states_and_notes_are_read() -> None:
    raw = changed('state="translated"', 'state="reviewed"').decode()
    raw = raw.replace("</notes>", '<note id="n">Is this a pun?</note></notes>', 1)
    back = read_xliff(raw.encode(), SOURCE)
    assert back.states["headline"] is SegmentState.REVIEWED
    assert back.notes["headline"] == ("Is this a pun?",)
    assert back.state is SegmentState.TRANSLATED


def test_units_without_a_target_are_all_named() -> None:
    with pytest.raises(BadInput) as caught:
        read_xliff(write_xliff(SOURCE, "fr", original="ref/1"), SOURCE)
    assert [p.pointer for p in caught.value.problems] == [f"/{s.id}" for s in segments(SOURCE)]
    assert {p.code for p in caught.value.problems} == {"text-missing"}


@pytest.mark.parametrize(
    ("old", "new", "code", "pointer"),
    [
        (' trgLang="fr"', "", "target-language", "/trgLang"),
        ('trgLang="fr"', 'trgLang="klingonish"', "target-language", "/trgLang"),
        ('trgLang="fr"', 'trgLang="en"', "target-language", "/trgLang"),
        ('srcLang="en"', 'srcLang="de"', "source-language", "/srcLang"),
        ('unit id="body-3"', 'unit id="body-2"', "id-twice", "/body-2"),
        ('unit id="body-3"', 'unit id="body-9"', "text-unknown", "/body-9"),
        ('unit id="body-3"', 'unit id="body-9"', "text-missing", "/body-3"),
        ("<source>Ferry sails", "<source>Ferry sank", "source-differs", "/headline"),
        ("<target>Ferry sails", "<target> ", "text-empty", "/headline"),
        ("<target>H<pc", "<target>H<ph id='9'/><pc", "codes-differ", "/body-2"),
        ("<target>H", "<target>H<ec startRef='2'/>", "codes-differ", "/body-2"),
        ("<source>H<pc id=\"1\"", "<source>H<pc id=\"2\"", "id-twice", "/body-2"),
        ("<target>H", "<target>H<cp hex='0001'/>", "unit", "/body-2"),
        ("<target>H", "<target>H<b xmlns='urn:x'/>", "unit", "/body-2"),
        ("<target>H", "<target order='2'>H", "unit", "/body-2"),
        ('state="translated"', 'state="done"', "unit", "/headline"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(old: str, new: str, code: str, pointer: str) -> None:
    refused(changed(old, new), code, pointer)


def test_a_lost_code_is_refused() -> None:
    text = filled().decode()
    refused(re.sub("<target>H<pc .*?</pc>", "<target>H2", text).encode(), "codes-differ", "/body-2")


def test_two_files_are_refused() -> None:
    file = re.search("<file .*</file>", filled().decode(), re.DOTALL)
    assert file is not None
    refused(changed(file[0], file[0] * 2), "one-file", "")


def bomb(lines: int = 12) -> str:
    names = [f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, lines)]
    return '<!DOCTYPE xliff [<!ENTITY e0 "ha">' + "".join(names) + "]>"


@pytest.mark.parametrize(
    "make",
    [
        lambda text: bomb() + text.replace("<target>Ferry", "<target>&e11;", 1),
        lambda text: bomb() + text.replace('original="ref/1"', 'original="&e11;"', 1),
        lambda text: (
            '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
            + text.replace("<target>Ferry", "<target>&f;", 1)
        ),
        lambda text: '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">' + text,
        lambda text: "<!DOCTYPE xliff>" + text,
        lambda text: text.replace("<target>Ferry", "<target>&unknown;", 1),
        lambda text: text[:-20],
        lambda text: text.replace('version="2.1"', 'version="1.2"', 1),
        lambda text: text.replace(NAMESPACE, "urn:other"),
        lambda text: "<html/>",
        lambda text: "",
        lambda text: "<a>" * 5000,
    ],
)
def test_hostile_and_broken_xml_is_refused(make: Callable[[str], str]) -> None:
    text = filled().decode().split("?>", 1)[1]
    with pytest.raises(Unreadable) as caught:
        read_xliff(make(text).encode(), SOURCE)
    assert caught.value.advice


def test_a_hundred_megabytes_are_refused_before_they_are_parsed() -> None:
    with pytest.raises(TooLarge):
        read_xliff(b"<" * 100_000_000, SOURCE)


def documents() -> list[bytes]:
    whole = rendition("ar")
    texts = {segment.id: segment.pieces for segment in segments(whole)}
    return [
        filled(),
        write_xliff(SOURCE, "fr", original="ref/1"),
        write_xliff(rendition("en"), "ar", original="ref/1", targets=texts),
    ]


def test_the_schema_of_oasis_takes_what_is_written(tmp_path: Path) -> None:
    if not (SCHEMAS / "xliff_core_2.0.xsd").exists():
        pytest.skip("xliff_core_2.0.xsd is not in ../shared/schemas")
    xsd = (SCHEMAS / "xliff_core_2.0.xsd").read_text()
    at = re.sub(r'schemaLocation="[^"]*xml\.xsd"', 'schemaLocation="xml.xsd"', xsd)
    (tmp_path / "core.xsd").write_text(at)
    (tmp_path / "xml.xsd").write_bytes((SCHEMAS / "xml.xsd").read_bytes())
    parser = etree.XMLParser(no_network=True, load_dtd=False)
    schema = etree.XMLSchema(etree.parse(tmp_path / "core.xsd", parser))
    for raw in documents():
        schema.assertValid(etree.fromstring(raw.replace(b'version="2.1"', b'version="2.0"')))
    broken = filled().replace(b' id="headline"', b"").replace(b"2.1", b"2.0")
    assert not schema.validate(etree.fromstring(broken))


def test_the_schematron_of_oasis_takes_what_is_written(tmp_path: Path) -> None:
    rules, jing = SCHEMAS / "xliff_core_2.1.sch", shutil.which("jing")
    if not rules.exists():
        pytest.skip("xliff_core_2.1.sch is not in ../shared/schemas")
    if jing is None:
        assert not os.environ.get("CI"), "jing is missing"
        pytest.skip("jing is not installed (Debian: jing)")

    def run(raw: bytes) -> int:
        (tmp_path / "x.xlf").write_bytes(raw)
        done = subprocess.run([jing, rules, tmp_path / "x.xlf"], capture_output=True)
        return done.returncode

    assert [run(raw) for raw in documents()] == [0, 0, 0]
    assert run(changed(' trgLang="fr"', "")) != 0
