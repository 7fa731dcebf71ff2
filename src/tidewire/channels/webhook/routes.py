"""The public keys of the wire's webhooks, for those who verify them."""

from pathlib import Path

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from tidewire.channels.webhook.signature import signing_keys
from tidewire.clock import Clock

KEYS_PATH = "/.well-known/tidewire-webhook-keys.json"
FRESH_SECONDS = 3600


class PublicKey(BaseModel):
    """One key that webhooks are signed with now."""

    algorithm: str = Field(description='"v1a": Ed25519, as Standard Webhooks names it')
    key: str = Field(description='"whpk_" and the base64 of the 32 bytes of the public key')
    until: str | None = Field(description="when a key that was replaced ceases to sign; else null")


class PublicKeys(BaseModel):
    """All keys that sign now, the newest first: a webhook carries one signature of each."""

    keys: list[PublicKey]


def routes(keys: Path, clock: Clock) -> APIRouter:
    """The router that serves the public keys; `keys` is the folder of private keys."""
    router = APIRouter(tags=["webhooks"])

    @router.get(KEYS_PATH, summary="The public keys that webhooks are signed with")
    def public_keys(response: Response) -> PublicKeys:
        """The Ed25519 keys that webhooks without a secret of their own are signed with."""
        response.headers["cache-control"] = f"public, max-age={FRESH_SECONDS}"
        return PublicKeys(
            keys=[
                PublicKey(
                    algorithm="v1a",
                    key=key.public,
                    until=key.until.isoformat() if key.until else None,
                )
                for key in signing_keys(keys, clock.now())
            ]
        )

    return router
