"""Checkpoints of interrupted imports. They only save time, because importing a record again changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from datasources.data_folder import write_whole


class Checkpoint(msgspec.Struct, frozen=True):
    """The progress of an import: a position of its reader, valid for one fingerprint of the source, and the counters."""

    fingerprint: str
    position: str
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class CheckpointFile:
    """The checkpoint of one import. The file name is a keyed hash and does not reveal the path of the source."""

    file: Path

    @classmethod
    def of(cls, data: Path, name: str) -> CheckpointFile:
        """The file of the import with this name."""
        (data / "imports").mkdir(mode=0o700, exist_ok=True)
        return cls(data / "imports" / f"{name}.json")

    def read(self, fingerprint: str) -> Checkpoint | None:
        """The checkpoint; None if it is missing, or if the source has changed."""
        try:
            found = msgspec.json.decode(self.file.read_bytes(), type=Checkpoint)
        except (OSError, msgspec.DecodeError):
            return None
        return found if found.fingerprint == fingerprint else None

    def save(self, checkpoint: Checkpoint) -> None:
        """Replaces the checkpoint atomically."""
        write_whole(self.file, msgspec.json.encode(checkpoint).decode())

    def remove(self) -> None:
        """Removes the checkpoint of a finished import."""
        self.file.unlink(missing_ok=True)
