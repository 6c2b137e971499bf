"""Upgrades of the records of older exports: each line is changed in memory when it is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from datasources.versions import EXPORT_VERSION
from ingest.readers.reading import Unreadable

Line = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ExportStep:
    """Changes the lines of an export of one version to the next. `change` gets the `path` of the manifest and a line."""

    name: str
    change: Callable[[str, Line], Line]


@dataclass(frozen=True, slots=True)
class ExportUpgrades:
    """Every step in order; the first one changes version 1 to version 2."""

    steps: tuple[ExportStep, ...] = ()

    @property
    def version(self) -> int:
        """The version that the importer reads."""
        return 1 + len(self.steps)

    def check(self, version: int, name: str) -> None:
        """Raises `Unreadable` for an export of a newer program."""
        if not 1 <= version <= self.version:
            raise Unreadable(
                f"{name} is an export of version {version}, and this program reads versions up to {self.version}: "
                "import it with the newer program that wrote it"
            )

    def upgraded(self, version: int, path: str, line: Line) -> Line:
        """The line as the current version has it."""
        for step in self.steps[version - 1 :]:
            line = step.change(path, line)
        return line


EXPORT_UPGRADES: Final = ExportUpgrades()
if EXPORT_UPGRADES.version != EXPORT_VERSION:
    raise TypeError(f"exports have version {EXPORT_VERSION}, but steps upgrade older ones to {EXPORT_UPGRADES.version}")
