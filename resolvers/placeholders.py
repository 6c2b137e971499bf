"""ThumbHashes of the demo's drawings, made when they are asked for and never stored."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from datasources.tables.photos import PhotoRecord
from pictures.drawing import Subject, draw
from pictures.size_ladder import Size
from pictures.thumbhash import thumbhash

_NOON: Final = 13
_PLACEHOLDER: Final = 32


@dataclass(frozen=True, slots=True)
class DrawnOf:
    """What a drawing shows, and in which shape."""

    subject: Subject
    shape: Size


def subject_of(record: PhotoRecord) -> DrawnOf:
    """From a record of the demo: labels, the surest first, and the hour."""
    marks = sorted(record.labels, key=lambda m: -m.confidence)
    hour = int(record.taken_local[11:13]) if record.taken_local else _NOON
    shape = Size(record.width or 4, record.height or 3)
    return DrawnOf(Subject(record.id, tuple(m.concept for m in marks), hour), shape)


async def drawn_placeholders(wanted: Sequence[DrawnOf]) -> Mapping[DrawnOf, bytes]:
    """Drawn small in a thread: a millisecond each, the first time."""
    return await asyncio.to_thread(lambda: {d: _drawn_placeholder(d) for d in wanted})


@lru_cache(maxsize=20_000)
def _drawn_placeholder(drawn: DrawnOf) -> bytes:
    longer = max(drawn.shape)
    small = Size(*(max(round(side * _PLACEHOLDER / longer), 1) for side in drawn.shape))
    return thumbhash(draw(drawn.subject, small))
