"""Bearer keys of issuers and editors (RFC 6750): shown once, kept as a digest."""

import hashlib
import secrets
from datetime import datetime

from psycopg.errors import UniqueViolation

from tidewire.model.errors import Conflict, Forbidden, Unauthenticated
from tidewire.model.issuer import Caller, Issuer, Role
from tidewire.store import accounts
from tidewire.store.database import Connection

PREFIX = "tw_"


async def issue_key(tx: Connection, account_id: int, now: datetime) -> str:
    """Make a new key for an account and return it; it cannot be read again."""
    key = PREFIX + secrets.token_urlsafe(32)
    await accounts.add_key(tx, account_id, _digest(key), now)
    return key


async def caller_of(tx: Connection, bearer: str) -> Caller:
    """Who holds this key. Raises Unauthenticated where nobody does."""
    caller = await accounts.account_of_key(tx, _digest(bearer))
    if caller is None:
        raise Unauthenticated(
            "This key is not known here.", "Send it as 'Authorization: Bearer tw_...'."
        )
    return caller


async def open_issuer(tx: Connection, issuer: Issuer, now: datetime) -> Caller:
    """Register an issuer with one account. Raises Conflict where the slug is taken."""
    try:
        issuer_id = await accounts.add_issuer(tx, issuer, now)
        account_id = await accounts.add_account(tx, Role.ISSUER, issuer.slug, issuer_id, now)
    except UniqueViolation as error:
        raise Conflict(f"There is an issuer {issuer.slug} already.", "Choose another.") from error
    return Caller(account_id, Role.ISSUER, issuer.slug, issuer_id)


async def open_editor(tx: Connection, name: str, now: datetime) -> Caller:
    """Register an editor. Raises Conflict where the name is taken."""
    try:
        account_id = await accounts.add_account(tx, Role.EDITOR, name, None, now)
    except UniqueViolation as error:
        raise Conflict(f"There is an editor {name} already.", "Choose another name.") from error
    return Caller(account_id, Role.EDITOR, name)


def require(caller: Caller, role: Role) -> None:
    """Raises Forbidden unless the caller has this role."""
    if caller.role is not role:
        raise Forbidden(f"Only an {role} may do this.", f"You are known here as an {caller.role}.")


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
