"""Collects which personal data one request reads; written to the access log at the end of the request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from access.classes import DataClass
from access.policy import Relation

NON_PERSONAL = frozenset({DataClass.PUBLIC, DataClass.OPERATIONAL})
ALL_OWNERS = "*"
"""The owner in entries of services that counted the photos of all customers."""


@dataclass(slots=True)
class AccessLogEntry:
    """The classes and the local ids of photos that were read of one customer, by one relation."""

    classes: set[DataClass] = field(default_factory=set)
    photos: set[str] = field(default_factory=set)


class AccessLogBuffer:
    """The entries of one request."""

    def __init__(self) -> None:
        self._entries: dict[tuple[str, Relation], AccessLogEntry] = {}

    def note(self, owner: str, relation: Relation, data_class: DataClass, photo: str | None = None) -> None:
        """Records that a value of this class was returned."""
        if data_class in NON_PERSONAL:
            return
        entry = self._entries.get((owner, relation))
        if entry is None:
            entry = self._entries[owner, relation] = AccessLogEntry()
        entry.classes.add(data_class)
        if photo is not None:
            entry.photos.add(photo)

    def take(self) -> Mapping[tuple[str, Relation], AccessLogEntry]:
        """Returns the entries by customer and relation, and clears the buffer."""
        entries, self._entries = self._entries, {}
        return entries
