"""Pictures that are public: their key stands beside their sealed bytes."""

from tidewire.store.pictures import StoredPicture
from tidewire.vault.seal import unseal
from tidewire.vault.text import about_picture


def public_bytes(stored: StoredPicture) -> bytes:
    """The bytes of a picture that is public; it needs no master key. Raises CannotOpen."""
    assert stored.key is not None
    return unseal(stored.key, stored.sealed, about_picture(stored.ref))
