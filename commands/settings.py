"""`photos-gateway settings`: prints every setting with its default and meaning; docs/settings.md contains the output."""

from __future__ import annotations

from enum import Enum

from commands.app import app, print_line
from settings import Settings

_HEAD = """# Settings

Settings are read from environment variables at start. The server does not start with an invalid setting.
`photos-gateway settings` prints this page.
AWS credentials are not settings: the AWS SDK reads them from the role of the process.

| variable | default | meaning |
|---|---|---|"""


@app.command()
def settings() -> None:
    """Print every setting with its default and meaning, as Markdown."""
    print_line(page())


def page() -> str:
    """Returns the page; it contains no values of this process."""
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
