"""How ``--help`` lists the commands of a group: each with its whole first sentence.

click would cut it to a line and end it with dots. Given to every ``typer.Typer`` of the command line as its class.
"""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup

_WHOLE = 1000  # letters; no first sentence has as many


class Listing(TyperGroup):
    """A group of commands whose sentences go on over several lines."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the commands in their order, each with what it does."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [(name, command.get_short_help_str(_WHOLE)) for name, command in commands if command is not None]
        with formatter.section("Commands"):
            formatter.write_dl(rows)
