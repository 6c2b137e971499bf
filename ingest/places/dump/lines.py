"""Reads the files of the dump: tab-separated UTF-8 without header or quoting. Invalid lines are reported and skipped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

_EXAMPLES = 20
_LONGEST = 1 << 20
_BOM = b"\xef\xbb\xbf"


@dataclass
class Problems:
    """Counts all faults and stores the first ones."""

    count: int = 0
    examples: list[str] = field(default_factory=list)

    def note(self, file: Path, line: int, what: str) -> None:
        """Add an invalid line."""
        self.count += 1
        if len(self.examples) < _EXAMPLES:
            self.examples.append(f"{file.name}:{line}: {what}")


class BadLine(ValueError):
    """A line is invalid; the message gives the reason."""


@dataclass
class Reader:
    """Reads files one after another and reports the progress in bytes."""

    problems: Problems
    moved: Callable[[int, int], None] = lambda _lines, _bytes: None
    """Called regularly with the total number of lines and bytes read."""
    lines: int = 0
    bytes: int = 0

    def rows(self, file: Path, columns: int) -> Iterator[tuple[int, list[str]]]:
        """(line number, fields) of each valid line; comments and empty lines are ignored."""
        with file.open("rb") as stream:
            for number, raw in enumerate(iter(lambda: stream.readline(_LONGEST), b""), 1):
                self.lines += 1
                self.bytes += len(raw)
                if self.lines % 50_000 == 0:
                    self.moved(self.lines, self.bytes)
                line = (raw.removeprefix(_BOM) if number == 1 else raw).rstrip(b"\r\n")
                if not line or line.startswith(b"#"):
                    continue
                try:
                    fields = line.decode().split("\t")
                except UnicodeDecodeError:
                    self.problems.note(file, number, "not UTF-8")
                    continue
                if len(fields) < columns:
                    self.problems.note(file, number, f"{len(fields)} columns instead of {columns}")
                    continue
                yield number, fields

    def each(self, file: Path, columns: int, take: Callable[[list[str]], None]) -> None:
        """Call `take` with each row; it raises `BadLine` for invalid rows."""
        for number, fields in self.rows(file, columns):
            try:
                take(fields)
            except BadLine as error:
                self.problems.note(file, number, str(error))


def whole_number(text: str, name: str) -> int:
    """A count or an id; digits only, since `int` also takes underscores, blanks and digits of other scripts."""
    if not (text.isascii() and text.isdecimal() and len(text) < len("4294967296")):
        raise BadLine(f"{name} is no number")
    return int(text)


def degrees(text: str, most: float, name: str) -> float:
    """A coordinate in range."""
    try:
        value = float(text)
    except ValueError as error:
        raise BadLine(f"{name} is no number") from error
    if not abs(value) <= most:
        raise BadLine(f"{name} is out of range")
    return value
