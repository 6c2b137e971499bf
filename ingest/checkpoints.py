"""Where an interrupted import goes on. Only a saving of time: importing a record twice changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from datasources.data_folder import write_whole


class Checkpoint(msgspec.Struct, frozen=True):
    """How far an import came: a position of its reader, good under one fingerprint, and what was counted so far."""

    fingerprint: str
    position: str
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """The bookmark of one import; its file's name is a keyed hash and tells no path."""

    file: Path

    @classmethod
    def of(cls, data: Path, name: str) -> Checkpoints:
        """The bookmark kept under a name."""
        (data / "imports").mkdir(mode=0o700, exist_ok=True)
        return cls(data / "imports" / f"{name}.json")

    def read(self, fingerprint: str) -> Checkpoint | None:
        """The bookmark, if there is one and the source is still the same."""
        try:
            found = msgspec.json.decode(self.file.read_bytes(), type=Checkpoint)
        except (OSError, msgspec.DecodeError):
            return None
        return found if found.fingerprint == fingerprint else None

    def keep(self, bookmark: Checkpoint) -> None:
        """Replaces it as a whole."""
        write_whole(self.file, msgspec.json.encode(bookmark).decode())

    def remove(self) -> None:
        """The import has ended."""
        self.file.unlink(missing_ok=True)
