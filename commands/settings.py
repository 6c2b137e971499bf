"""`photos-gateway settings`: every setting, its default and what it means; docs/settings.md is what it prints."""

from __future__ import annotations

from enum import Enum

from commands.app import app, print_line
from settings import Settings

_HEAD = """# Settings

Read from the environment at start, and refused with one sentence where they cannot be.
`photos-gateway settings` prints this page.
Credentials of AWS are not settings: they come from the role of the process, as with every client of AWS.

| variable | default | meaning |
|---|---|---|"""


@app.command()
def settings() -> None:
    """Print every setting with its default and meaning, as Markdown."""
    print_line(page())


def page() -> str:
    """The page; no value of this process is on it."""
    lines = [
        f"| `PHOTOS_{name.upper()}` | {_shown(field.default)} | {(field.description or '').replace('|', chr(92) + '|')} |"
        for name, field in Settings.model_fields.items()
    ]
    return "\n".join([_HEAD, *lines])


def _shown(default: object) -> str:
    if default is None or default == ():
        return ""
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return f"`{default.value if isinstance(default, Enum) else default}`"
