"""Addresses that are pushed to, and the names of files."""

import string
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from editions import an_edition
from tidewire.channels.filing import forms
from tidewire.channels.filing.names import DEFAULT_PATTERN, check_pattern, earlier_names, name_of
from tidewire.channels.filing.place import Place, read_place
from tidewire.channels.wordpress.address import read_site
from tidewire.channels.wordpress.post import holds
from tidewire.model.errors import BadInput
from tidewire.model.release import Act

KEY = "SHA256:" + "a/+" * 14 + "A"
ENDINGS = (".json",)


def sftp_place(address: str) -> Place:
    return read_place(address, "sftp", 22, forms.ENDINGS)


def ftps_place(address: str) -> Place:
    return read_place(address, "ftps", 21, forms.ENDINGS)


def test_an_address_says_login_folder_and_name() -> None:
    address = (
        f"sftp://wire%40desk@Files.Example:2222/in%20box/{{ref}}-{{language}}.json?host_key={KEY}"
    )
    place = sftp_place(address)
    login = place.login
    assert (login.user, login.host, login.port) == ("wire@desk", "files.example", 2222)
    assert login.host_keys == (KEY,)
    assert (place.folder, place.pattern) == ("/in box", "{ref}-{language}.json")
    assert not place.removes


@pytest.mark.parametrize(
    ("path", "file"),
    [
        ("", "/x"),
        ("/", "/x"),
        ("/in/", "/in/x"),
        ("/~/", "x"),
        ("/~/in/", "in/x"),
        ("/in/deep/", "/in/deep/x"),
    ],
)
def test_a_path_begins_at_the_root_or_where_the_login_does(path: str, file: str) -> None:
    place = ftps_place(f"ftps://wire@files.example{path}")
    assert place.path("x") == file
    assert place.pattern == DEFAULT_PATTERN
    assert place.login.port == 21


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("", "begin with sftp"),
        ("ftp://wire@files.example/", "begin with sftp"),
        ("sftp://files.example/", "names no user"),
        ("sftp://wire:secret@files.example/", "holds a password"),
        ("sftp://wire@/", "names no host"),
        ("sftp://wire@bücher.example/", "names no host"),
        ("sftp://wire@files.example:0/", "Port 0"),
        ("sftp://wire@files.example:99999/", "not an address"),
        ("sftp://wire@[::1/", "not an address"),
        ("sftp://wire@files.example/#part", "no fragment"),
        ("sftp://wire@files.example/in\r\nDELE x/", "characters"),
        ("sftp://wire@files.example/in%0d%0aDELE%20x/", "control"),
        ("sftp://wire@files.example/../etc/", "holds ."),
        ("sftp://wire@files.example/%2e%2e/etc/", "holds ."),
        ("sftp://wire@files.example/x%00y/", "control"),
        ("sftp://wire@files.example/", "pins no host key"),
        ("sftp://wire@files.example/?host_key=MD5:00:11", "not SHA256:"),
        (f"sftp://wire@files.example/?host_key={KEY}&mode=7", "setting 'mode'"),
        (f"sftp://wire@files.example/?host_key={KEY}&on_kill=burn", "on_kill is"),
        (f"sftp://wire@files.example/{'x' * 2000}/?host_key={KEY}", "too long"),
        (f"sftp://wire@files.example/{{ref}}.json?host_key={KEY}", r"hold \{ref\} and"),
        (f"sftp://wire@files.example/{{ref}}{{language}}.docx?host_key={KEY}", "formats are"),
        (f"sftp://wire@files.example/{{ref.__class__}}.json?host_key={KEY}", "unknown part"),
        (f"sftp://wire@files.example/{{ref!r}}.json?host_key={KEY}", "unknown part"),
        (f"sftp://wire@files.example/{{ref:>999999999}}.json?host_key={KEY}", "unknown part"),
        (f"sftp://wire@files.example/{{ref.json?host_key={KEY}", "braces"),
        (f"sftp://wire@files.example/.{{ref}}{{language}}.json?host_key={KEY}", "full stop"),
        (f"sftp://wire@files.example/{'{ref}' * 9}{{language}}.json?host_key={KEY}", "too long"),
    ],
)
def test_an_address_that_cannot_be_filed_to_is_refused_and_says_why(address: str, why: str) -> None:
    with pytest.raises(BadInput, match=why):
        sftp_place(address)


@given(st.text(max_size=200))
def test_no_address_breaks_the_reader(text: str) -> None:
    for read in (sftp_place, ftps_place, read_site):
        for address in (text, f"sftp://wire@x/{text}", f"https://wire@x/{text}"):
            try:
                read(address)
            except BadInput as error:
                assert error.message


@given(
    st.text(max_size=60),
    st.text(max_size=60),
    st.permutations(["{ref}", "{language}", "{slug}", "{issuer}", "{version}", "{date}"]),
)
def test_whatever_a_release_is_called_its_file_has_a_plain_name(
    slug: str, issuer: str, parts: list[str]
) -> None:
    pattern = "_".join(parts) + ".json"
    check_pattern(pattern, ENDINGS)
    edition = an_edition()
    named = replace(edition, release=replace(edition.release, slug=slug), issuer_slug=issuer)
    name = name_of(pattern, named, "de")
    assert set(name) <= set(string.ascii_letters + string.digits + "._-")
    assert len(name) < 240
    assert not name.startswith(".")
    assert "tw000042" in name


def test_versions_languages_and_releases_have_names_of_their_own() -> None:
    names = {
        name_of(DEFAULT_PATTERN, an_edition(release_id=number, version=version), language)
        for number in (1, 2)
        for version in (1, 2)
        for language in ("de", "en")
    }
    assert len(names) == 8
    assert "nordmeer-nordmeer-turm-tw000001-de-v1.json" in names


def test_earlier_names_leave_the_own_one_out() -> None:
    kill = an_edition(Act.KILL, version=3)
    assert earlier_names("{ref}-{language}-v{version}.json", kill, "de") == [
        "tw000042-de-v1.json",
        "tw000042-de-v2.json",
    ]
    assert earlier_names("{ref}-{language}.json", kill, "de") == []


def test_a_reader_of_another_region_gets_the_name_of_the_rendition() -> None:
    assert name_of("{ref}-{language}.json", an_edition(), "de-AT") == "tw000042-de.json"


def test_a_site_is_read_with_its_settings() -> None:
    site = read_site(
        "https://wire@Blog.Example:8443/news/?categories=energy:Strom%20%26%20Gas,technology:IT"
        "&status=pending&on_kill=trash"
    )
    assert site.api == "https://blog.example:8443/news/wp-json/wp/v2"
    assert (site.host, site.port, site.user) == ("blog.example", 8443, "wire")
    assert site.categories == {"energy": "Strom & Gas", "technology": "IT"}
    assert (site.status, site.on_kill) == ("pending", "trash")


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("http://wire@blog.example/", "begin with https"),
        ("https://blog.example/", "names no user"),
        ("https://wire:pass@blog.example/", "holds a password"),
        ("https://wire@blog.example/wp-json/wp/v2/posts", "more than the site"),
        ("https://wire@blog.example/a/../b", "more than the site"),
        ("https://wire@blog.example/?status=trash", "status is one of"),
        ("https://wire@blog.example/?on_kill=keep", "on_kill is one of"),
        ("https://wire@blog.example/?categories=energy", "sector:Category"),
        ("https://wire@blog.example/?status=draft&status=publish", "once each"),
        ("https://wire@blog.example/?user=x", "setting 'user'"),
    ],
)
def test_an_address_that_is_no_site_is_refused_and_says_why(address: str, why: str) -> None:
    with pytest.raises(BadInput, match=why):
        read_site(address)


@pytest.mark.parametrize(
    ("kept", "found"),
    [
        ("<p><em>This text is by Muster &amp; Co&#8217;s wire.</em></p>", True),
        ("<p>This text is by <b>Muster</b>\n &#038; Co’s wire.</p>", True),
        ("<p>This text is by Co's wire.</p>", False),
        ("", False),
    ],
)
def test_a_disclaimer_is_found_whatever_the_site_does_to_its_marks(kept: str, found: bool) -> None:
    assert holds(kept, "This text is by Muster & Co's wire.") is found
