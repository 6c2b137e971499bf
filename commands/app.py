"""Shared parts of the commands: the application, settings with command-line options, and output."""

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
Data = Annotated[Path | None, typer.Option("--data", help="The data folder. Default: PHOTOS_DATA, or .data.", show_default=False)]
INTERRUPTED: Final = 130


def settings_of(**options: Any) -> Settings:
    """The settings of the environment, overridden by the options of the command line."""
    from pydantic import ValidationError
    from pydantic_settings import SettingsError

    try:
        return Settings(**{name: value for name, value in options.items() if value is not None})
    except SettingsError as e:
        # The cause of the error contains the value of the variable, which may be a secret.
        name = str(e).removeprefix("error parsing value for field ").split(" from")[0]
        fail(f"The value of {name} is not valid JSON: its format is in docs/settings.md.")
    except ValidationError as e:
        first = e.errors(include_url=False, include_context=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        fail(f"{name + ': ' if name else ''}{first['msg'].removeprefix('Value error, ')}.")


def print_line(text: str) -> None:
    """Writes a line of results to standard output."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def fail(sentence: str) -> NoReturn:
    """Writes the sentence to standard error and ends the command with exit code 1."""
    sys.stderr.write(sentence + "\n")
    raise typer.Exit(1)
