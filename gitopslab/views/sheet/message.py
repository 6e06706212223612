"""A sheet as the message its widget draws: lines in pieces, and each field with its words in short and in full."""

from __future__ import annotations

from typing import Any

from gitopslab.views.sheet.model import Sheet
from gitopslab.views.sheet.text import first_sentence, type_words


def sheet_message(sheet: Sheet) -> dict[str, Any]:
    """Everything the browser needs."""
    fields = [
        {**field.as_dict(), "words": type_words(field), "sentence": first_sentence(field.description)}
        for field in sheet.fields
    ]
    return {**sheet.as_dict(), "fields": fields}
