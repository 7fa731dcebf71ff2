"""`tidewire subjects`: the media topics that a release can have and an interest can name."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from tidewire.app.assemble import open_house
from tidewire.app.running import run
from tidewire.languages import is_language
from tidewire.languages.subjects import subject_label
from tidewire.model.errors import BadInput
from tidewire.model.media_topics import ATTRIBUTION, MediaTopics
from tidewire.store import media_topics


def subjects(
    words: Annotated[str, typer.Argument(help="Only those with these words in their label.")] = "",
    language: Annotated[str, typer.Option(help="BCP 47 tag of the labels.")] = "en",
) -> None:
    """List the subjects in use, with what they stand below; retired ones are left out."""
    if not is_language(language):
        raise BadInput(f"{language!r} is not a language tag.", "Give one such as en or zh-Hant.")
    topics = run(_every())
    table = Table("subject", "label", "below")
    for code, topic in sorted(topics.by_code.items()):
        label = subject_label(topic, language)
        if topic.retired is None and words.casefold() in label.casefold() and label != code:
            above = [topics.by_code[one] for one in topics.ancestors(code) if one in topics.by_code]
            table.add_row(code, label, " < ".join(subject_label(one, language) for one in above))
    console = Console(highlight=False)
    console.print(table)
    console.print(ATTRIBUTION + ("" if topics.complete else "; labels by Tidewire"), markup=False)


async def _every() -> MediaTopics:
    async with open_house() as house, house.database.transaction() as tx:
        return await media_topics.every(tx, labels=True)
