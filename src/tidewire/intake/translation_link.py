"""The link that lets one translator work on one release in one language, until it expires."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tidewire.access.tokens import Signer
from tidewire.intake.give_out import read_for, target
from tidewire.intake.submit import Intake
from tidewire.languages import canonical, spelt_out
from tidewire.model.errors import Conflict, Forbidden
from tidewire.model.issuer import Caller, Role
from tidewire.model.opening import Opening, Why

PURPOSE = "translation"


@dataclass(frozen=True, slots=True)
class TranslationLink:
    """What a link says; `caller` is the account that made it, without its name."""

    ref: str
    language: str
    translator: str
    expires: datetime
    caller: Caller

    def opening(self, why: Why) -> Opening:
        """An opening by the translator."""
        return Opening(f"translator {self.translator}", why)


async def make_link(
    intake: Intake, caller: Caller, ref: str, to: str, *, translator: str, hours: int
) -> TranslationLink:
    """A link for a translation into `to`; that it was given out is in the ledger.

    Raises NotFound, BadInput for what is no language, and Conflict where the release was taken
    back or has that language.
    """
    language = target(to)
    edition = await read_for(intake, caller, ref, Why.TRANSLATE)
    must_be_new(language, edition.release.languages())
    expires = (intake.clock.now() + timedelta(hours=hours)).astimezone(UTC)
    return TranslationLink(ref, language, translator, expires.replace(microsecond=0), caller)


def must_be_new(language: str, there: tuple[str, ...]) -> None:
    """Raises Conflict where the release has a rendition in this language."""
    if spelt_out(language) in {spelt_out(canonical(tag) or tag) for tag in there}:
        raise Conflict(
            f"The release has a rendition in {language}.", "There is nothing to translate."
        )


def write_link(signer: Signer, link: TranslationLink) -> str:
    """The link's token. The caller's name stays out of it."""
    who = link.caller
    parts = (
        link.ref,
        link.language,
        int(link.expires.timestamp()),
        who.account_id,
        who.role.value,
        who.issuer_id or 0,
        link.translator,
    )
    return signer.sign(PURPOSE, " ".join(map(str, parts)))


def read_link(signer: Signer, token: str, now: datetime) -> TranslationLink:
    """What a token says. Raises NotFound where it is not from here, Forbidden once expired."""
    subject = signer.read(PURPOSE, token)
    ref, language, expires, account, role, issuer, translator = subject.split(" ", 6)
    caller = Caller(int(account), Role(role), translator, int(issuer) or None)
    until = datetime.fromtimestamp(int(expires), UTC)
    if now >= until:
        raise Forbidden("This link has expired.", "Ask whoever sent it for a new one.")
    return TranslationLink(ref, language, translator, until, caller)


def form_proof(signer: Signer, token: str) -> str:
    """What a form of this link's page carries, so that no other page can send one."""
    return signer.sign("translation-form", token)
