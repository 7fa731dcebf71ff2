"""A seal opens with its own key, in its own place, unchanged, and never otherwise."""

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidewire.model.errors import CannotOpen, Misconfigured
from tidewire.vault.keys import MasterKey, MissingKey, make_master_key, read_master_key
from tidewire.vault.seal import new_key, seal, unseal

KEY, PLACE = b"k" * 32, b"text of release 1 version 1"


@given(st.binary(max_size=2_000), st.binary(max_size=40))
def test_what_was_sealed_comes_back(text, place):
    assert unseal(KEY, seal(KEY, text, place), place) == text


def test_the_sealed_bytes_show_nothing_and_are_never_the_same():
    sealed = [seal(KEY, b"Jellytower opens", PLACE) for _ in range(1_000)]
    assert not any(b"Jelly" in one for one in sealed)
    assert len({one[:12] for one in sealed}) == 1_000  # no nonce twice
    assert len(sealed[0]) == 12 + len(b"Jellytower opens") + 16


@pytest.mark.parametrize(
    ("key", "place"),
    [(b"o" * 32, PLACE), (KEY, b"text of release 2 version 1"), (KEY, b"")],
)
def test_another_key_or_place_does_not_open(key, place):
    with pytest.raises(CannotOpen):
        unseal(key, seal(KEY, b"Jellytower", PLACE), place)


def test_no_changed_or_missing_byte_goes_unseen():
    sealed = seal(KEY, b"Jellytower", PLACE)
    for at in range(len(sealed)):
        changed = bytearray(sealed)
        changed[at] ^= 1
        with pytest.raises(CannotOpen):
            unseal(KEY, bytes(changed), PLACE)
        with pytest.raises(CannotOpen):
            unseal(KEY, sealed[:at], PLACE)


def test_the_error_holds_neither_key_nor_text():
    with pytest.raises(CannotOpen) as caught:
        unseal(new_key(), seal(KEY, b"Jellytower", PLACE), PLACE)
    assert "Jellytower" not in str(caught.value) and caught.value.__cause__ is None


def test_a_master_key_wraps_for_one_release_and_does_not_show_itself():
    master, data_key = MasterKey(KEY), new_key()
    wrapped = master.wrap(data_key, b"data key of release 1")
    assert master.unwrap(wrapped, b"data key of release 1") == data_key
    with pytest.raises(CannotOpen):
        master.unwrap(wrapped, b"data key of release 2")
    assert KEY.hex() not in repr(master) and repr(KEY) not in repr(master)
    assert master.id == MasterKey(KEY).id != MasterKey(new_key()).id
    assert KEY.hex() not in master.id.hex()


def test_where_the_key_is_missing_it_says_why():
    missing = MissingKey("The master key /keys/master.key is not there.")
    for act in (missing.wrap, missing.unwrap):
        with pytest.raises(CannotOpen, match="vault is closed") as caught:
            act(b"", b"")
        assert "/keys" not in str(caught.value)  # it is told to whoever asks


def test_the_file_is_made_once_and_for_its_owner_only(tmp_path: Path):
    before = os.umask(0)
    try:
        file = tmp_path / "keys" / "master.key"
        key = make_master_key(file)
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert make_master_key(file).id == key.id
    found = read_master_key(file)
    assert found is not None and found.id == key.id
    assert [one.name for one in file.parent.iterdir()] == ["master.key"]


def test_no_file_is_no_key(tmp_path: Path):
    assert read_master_key(tmp_path / "none") is None


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o644])
def test_a_key_that_others_can_read_or_change_is_refused(tmp_path: Path, mode: int):
    file = tmp_path / "master.key"
    make_master_key(file)
    file.chmod(mode)
    with pytest.raises(Misconfigured, match="chmod 600"):
        read_master_key(file)


@pytest.mark.parametrize("text", ["", "x" * 64, "ab" * 31, "ab" * 33, "\u20ac" * 64])
def test_what_is_no_key_is_refused_without_being_shown(tmp_path: Path, text: str):
    file = tmp_path / "master.key"
    file.write_text(text, "utf-8")
    file.chmod(0o600)
    with pytest.raises(Misconfigured, match="holds no master key") as caught:
        read_master_key(file)
    assert not text or text not in str(caught.value)


def test_a_folder_a_pipe_and_a_link_to_nowhere_are_refused(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe", 0o600)
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("pipe", ""):
        with pytest.raises(Misconfigured, match="no plain file"):
            read_master_key(tmp_path / name)
    with pytest.raises(Misconfigured, match="leads nowhere"):
        make_master_key(tmp_path / "link")
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_somebody_elses_key_is_refused(tmp_path: Path):
    file = tmp_path / "master.key"
    make_master_key(file)
    os.chown(file, 65534, 65534)
    with pytest.raises(Misconfigured, match="somebody else"):
        read_master_key(file)
