"""The access rights of a data folder: only its owner may read what is in it."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

OTHERS: Final = 0o077
"""The rights of the group and of all other users."""


class WideRights(Exception):
    """The rights of an entry are too wide, and this process may not change them."""

    def __init__(self, path: Path, mode: int) -> None:
        super().__init__(f"{path} has mode {mode:04o}")
        self.path = path
        self.mode = mode


def tighten(folder: Path) -> None:
    """Removes the rights of others from the folder and what is in it; raises `WideRights` if that is not possible.

    A folder inside that only its owner can open is not searched, because nobody else can reach what is in it.
    """
    _tighten(folder)
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_symlink():
                continue
            was_wide = _tighten(Path(entry.path))
            if was_wide and entry.is_dir(follow_symlinks=False):
                tighten(Path(entry.path))


def _tighten(path: Path) -> bool:
    """Removes the rights of others from one entry; whether it had any."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:  # another process removed it
        return False
    if not mode & OTHERS:
        return False
    try:
        path.chmod(mode & ~OTHERS)
    except FileNotFoundError:
        return False
    except PermissionError as e:
        raise WideRights(path, mode) from e
    return True
