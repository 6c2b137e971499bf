"""What one request read of whom: gathered where the gate lets a value through, told to the audit at the request's end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from access.classes import DataClass
from access.policy import Relation

IMPERSONAL = frozenset({DataClass.PUBLIC, DataClass.OPERATIONAL})
EVERYBODY = "*"
"""Stands for the customer where a service counted over all of them."""


@dataclass(slots=True)
class AccessLogEntry:
    """Of one customer, by one relation: which classes, and which photos by local id."""

    classes: set[DataClass] = field(default_factory=set)
    photos: set[str] = field(default_factory=set)


class AccessLogBuffer:
    """Everything one request read. Dies with it."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, Relation], AccessLogEntry] = {}

    def note(self, owner: str, relation: Relation, data_class: DataClass, photo: str | None = None) -> None:
        """A value of this class was told."""
        if data_class in IMPERSONAL:
            return
        reading = self._found.get((owner, relation))
        if reading is None:
            reading = self._found[owner, relation] = AccessLogEntry()
        reading.classes.add(data_class)
        if photo is not None:
            reading.photos.add(photo)

    def take(self) -> Mapping[tuple[str, Relation], AccessLogEntry]:
        """What was read so far, by customer and relation; then it begins anew."""
        found, self._found = self._found, {}
        return found
