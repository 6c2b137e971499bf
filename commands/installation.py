"""Finds the installation that a command needs. No command makes one, except those that start or fill it."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import typer

from commands.app import fail, settings_of
from datasources.data_folder import index_holder, is_installation
from settings import Settings


def installation_of(data: Path | None) -> Settings:
    """The settings of an existing installation; without one, ends the command with a sentence and creates nothing.

    If neither `--data` nor `PHOTOS_DATA` names a folder and `.data` has no installation, the folder of the only running server is
    used. The data of the production engines is on servers, so their folder may be new.
    """
    settings = settings_of(data=data)
    if settings.engines is not None or is_installation(settings.data):
        return settings
    running = running_folders()
    if data is not None or "PHOTOS_DATA" in os.environ or len(running) != 1:
        fail(_refusal(settings.data, running))
    typer.echo(f"Using the data folder of the running server: {running[0]}", err=True)
    return settings.model_copy(update={"data": running[0]})


def _refusal(data: Path, running: Sequence[Path]) -> str:
    problem = "has no installation" if data.exists() else "does not exist"
    if running:
        return f"The data folder {data} {problem}. Servers run on {', '.join(map(str, running))}: give one by --data."
    return (
        f"The data folder {data} {problem}: give the folder of an installation by --data, or make one by "
        "`photos-gateway serve`, `import` or `demo`."
    )


@contextmanager
def announced(data: Path) -> Iterator[None]:
    """Lets other commands of this user find the folder of this server."""
    file = _registry() / str(os.getpid())
    with suppress(OSError):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if _is_private(file.parent):
            file.write_text(f"{data.resolve()}\n", "utf-8")
    try:
        yield
    finally:
        with suppress(OSError):
            file.unlink(missing_ok=True)


def running_folders() -> list[Path]:
    """The data folders of the servers of this user that run now."""
    found = set()
    with suppress(OSError):
        if not _is_private(_registry()):
            return []
        for file in _registry().iterdir():
            folder = Path(file.read_text("utf-8").strip())
            if f"(process {file.name})" in index_holder(folder) and _is_alive(file.name):
                found.add(folder)
    return sorted(found)


def _registry() -> Path:
    return Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()) / f"photos-gateway-{os.getuid()}"


def _is_private(folder: Path) -> bool:
    """Whether only this user can have written what is in the folder."""
    status = folder.lstat()
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid() and not status.st_mode & 0o077


def _is_alive(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except (ValueError, OSError):
        return False
    return True
