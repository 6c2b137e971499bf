"""Shared parts of the commands: the application, settings with command-line options, and output."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import typer

from commands.help_groups import CommandsByTask
from settings import Settings, UnusableSettings, check_names

app = typer.Typer(
    name="photos-gateway",
    help="Photos Data Gateway: one GraphQL schema over a photo library.",
    cls=CommandsByTask,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
Data = Annotated[Path | None, typer.Option("--data", help="The data folder. Default: PHOTOS_DATA, or .data.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, and no sentences about the result.")]
INTERRUPTED: Final = 130


def _print_version(given: bool) -> None:  # noqa: FBT001 - called by typer
    if given:
        from importlib.metadata import version

        print_line(f"photos-gateway {version('photos-data-gateway')}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Has only options that end the program."""
    del version


def settings_of(**options: Any) -> Settings:
    """The settings of the environment, overridden by the options of the command line."""
    from pydantic import ValidationError
    from pydantic_settings import SettingsError

    try:
        check_names(os.environ)
        return Settings(**{name: value for name, value in options.items() if value is not None})
    except UnusableSettings as e:
        fail(str(e))
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


def print_json(result: Mapping[str, Any]) -> None:
    """Writes a JSON object to standard output."""
    import msgspec

    print_line(msgspec.json.encode(result).decode())


def fail(sentence: str) -> NoReturn:
    """Writes the sentence to standard error and ends the command with exit code 1."""
    sys.stderr.write(sentence + "\n")
    raise typer.Exit(1)
