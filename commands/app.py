"""What every command shares: the application, settings from the command line, and how a command speaks."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import typer

from settings import Settings

app = typer.Typer(
    help="Photos Data Gateway: one GraphQL schema over a photo library.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
Data = Annotated[Path | None, typer.Option("--data", help="Data folder; else PHOTOS_DATA, else .data", show_default=False)]
INTERRUPTED: Final = 130


def settings_of(**given: Any) -> Settings:
    """Settings from the environment, and what the command line says over them."""
    from pydantic import ValidationError
    from pydantic_settings import SettingsError

    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except SettingsError as e:
        # Its cause would show what stands in the variable.
        fail(f"{str(e).removeprefix('error parsing value for field ').split(' from')[0]} is no JSON (docs/settings.md).")
    except ValidationError as e:
        first = e.errors(include_url=False, include_context=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        fail(f"{name + ': ' if name else ''}{first['msg'].removeprefix('Value error, ')}.")


def print_line(text: str) -> None:
    """A line of results."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def fail(sentence: str) -> NoReturn:
    """Ends the command with one sentence and exit code 1."""
    sys.stderr.write(sentence + "\n")
    raise typer.Exit(1)
