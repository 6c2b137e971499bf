"""The interface of import readers: one result for each record or file, in a resumable order."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from resolvers.importing.record_reading import UnknownKeys
from resolvers.importing.records import ImportRecord


class Unreadable(ValueError):
    """The source cannot be read; the text is a sentence for the person who imports."""


@dataclass(frozen=True, slots=True)
class OriginalFile:
    """The file of a photo. A copy of a member of an archive is removed after its batch is written."""

    path: Path
    """An absolute path, with surrogate escapes for names that are not UTF-8 (`os.fsdecode`)."""
    sha256: str
    """The hash of the bytes that were read, in hexadecimal. Copying must compare it, because the file may change."""
    content_type: str
    size: int
    is_temporary: bool = False
    """Whether it is a temporary copy, which must not be referenced."""
    start: int = 0
    """The first byte, for a film that is a part of the file of its picture."""


@dataclass(frozen=True, slots=True)
class ImportItem:
    """A valid record."""

    position: str
    """An opaque string, which is valid in JSON: `read(after=position)` continues after this item."""
    record: ImportRecord
    where: str
    """The location for messages, such as `line 12`, `row 3` or `2024/IMG_1.jpg`."""
    done: int
    """How many bytes of `total` are completed with this item."""
    remarks: tuple[str, ...] = ()
    """Reasons why values of the record were omitted; they contain no values."""
    original: OriginalFile | None = None
    """The file; None for a record without one (JSON Lines, Parquet)."""
    motion: OriginalFile | None = None
    """The motion part of a live photo; its hash is the `motion_id` of the record (`sha256:...`)."""
    orientation: int = 0
    """The orientation of a sidecar, if the picture must be turned by it; 0 otherwise."""


@dataclass(frozen=True, slots=True)
class RejectedItem:
    """A record or file that cannot be imported."""

    position: str
    reason: str
    """A phrase that follows `where`; it contains no values."""
    where: str
    done: int
    skipped: bool = False
    """Whether its name shows that it is not a photo (`Thumbs.db`); it is not counted as a rejection."""
    is_unsupported: bool = False
    """Whether its format is not supported."""


ReadResult = ImportItem | RejectedItem


class ImportReader(ABC):
    """Reads a source without changing it, with one record, file or batch in memory at a time."""

    def __init__(self, *, total: int, fingerprint: str) -> None:
        self.unknown = UnknownKeys()
        self.total = total
        """The estimated size of the source in bytes, for a progress bar."""
        self.fingerprint = fingerprint
        """Changes when the source changes. A position is valid only with the fingerprint with which it was read."""

    @abstractmethod
    def read(self, after: str | None = None) -> Iterator[ReadResult]:
        """The results in a stable order, only those after the position `after` if it is given."""

    def release(self, results: Sequence[ReadResult]) -> None:  # noqa: B027  (most readers make no copies)
        """Removes the copies of results that are written."""

    def stop(self) -> None:  # noqa: B027
        """Ends reading; a thread that waits for a result returns."""

    def close(self) -> None:  # noqa: B027
        """Ends worker processes and removes copies. The reader cannot be used afterwards."""
