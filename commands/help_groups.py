"""The help of the command line: commands by task, with those that a new user needs first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from typer.core import TyperGroup

if TYPE_CHECKING:
    from typer._click.core import Context
    from typer._click.formatting import HelpFormatter

TASKS: Final = {
    "Start": ("serve", "import", "demo"),
    "Give access": ("token", "support", "documents"),
    "Check and repair": ("verify", "reindex", "places"),
    "Protect": ("erase", "keys", "audit"),
    "Deploy": ("settings", "schema", "provision", "locations"),
}
"""Every command of the top level, by task; a test compares it with the registered ones."""


class CommandsByTask(TyperGroup):
    """Lists the commands of `TASKS` in their order."""

    def list_commands(self, ctx: Context) -> list[str]:
        """The names in the order of the help, which shell completion uses too."""
        order = [name for names in TASKS.values() for name in names]
        return sorted(super().list_commands(ctx), key=lambda name: order.index(name) if name in order else len(order))

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Writes a section for each task."""
        for task, names in TASKS.items():
            commands = [(name, self.get_command(ctx, name)) for name in names]
            rows = [(name, command.get_short_help_str(90)) for name, command in commands if command is not None]
            with formatter.section(task):
                formatter.write_dl(rows)
