"""What every reader of an import promises: one reading for each thing found, in an order that can be resumed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from resolvers.importing.record_reading import UnknownKeys
from resolvers.importing.records import ImportRecord


class Unreadable(ValueError):
    """The whole source cannot be read; the text is one sentence for the person who asked."""


@dataclass(frozen=True, slots=True)
class Original:
    """Where the bytes of a photo are while its batch is written; a copy of an archive's member goes away after that."""

    path: Path
    """Absolute; a name that is not UTF-8 is in surrogate escapes, as `os.fsdecode` gives it."""
    sha256: str
    """Of what was read, in hexadecimal. The file may have changed since: whoever copies it compares."""
    content_type: str
    size: int
    spooled: bool = False
    """A copy of our own, outside the library that is imported: it may be moved, never linked."""


@dataclass(frozen=True, slots=True)
class Item:
    """A record that may be written."""

    position: str
    """What `readings(after=...)` takes to go on behind this one: opaque, safe in JSON."""
    record: ImportRecord
    where: str
    """For people: `line 12`, `row 3`, `2024/IMG_1.jpg`."""
    done: int
    """How much of `total` lies behind when this one is written."""
    remarks: tuple[str, ...] = ()
    """What was left out of a record that was taken all the same, and why; holds no values."""
    original: Original | None = None
    """None where the record came without a file (JSON Lines, Parquet)."""
    motion: Original | None = None
    """The moving part of a live photo; its hash is the record's `motion_id` (`sha256:...`), kept beside `source_id`."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """Something that cannot be taken; it costs nothing else."""

    position: str
    reason: str
    """A phrase that follows `where`; holds no values."""
    where: str
    done: int
    skipped: bool = False
    """By its name it is no photo (`Thumbs.db`): worth telling, not worth counting as a rejection."""
    unread: bool = False
    """It is whole as far as anybody knows, but of a kind that is not read."""


Reading = Item | Rejected


class Reader(ABC):
    """A source of readings. Reads only; holds one record, file or batch in memory at a time."""

    def __init__(self, *, total: int, fingerprint: str) -> None:
        self.unknown = UnknownKeys()
        self.total = total
        """The size of everything in bytes, for a progress bar; an estimate."""
        self.fingerprint = fingerprint
        """Changes when the source does: a position is good only under the fingerprint it was read under."""

    @abstractmethod
    def readings(self, after: str | None = None) -> Iterator[Reading]:
        """In the same order each time; `after` a position of an earlier reading, only what lies behind it."""

    def release(self, readings: Sequence[Reading]) -> None:  # noqa: B027  (most readers hold nothing)
        """These are written: copies made for them may go."""

    def stop(self) -> None:  # noqa: B027
        """Whoever waits for a reading in another thread waits no longer; no further readings are wanted."""

    def close(self) -> None:  # noqa: B027
        """Ends processes and removes copies; the reader is not used again."""
