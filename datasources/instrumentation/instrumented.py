"""Ports that count: each method of a source goes through here once, and no adapter knows.

What stands before a source is made of its port, so a method that a port gets is passed on, and counted once it stands in
the table here.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar, cast

from datasources.audit.port import AuditLog
from datasources.errors import SourceError
from datasources.instrumentation.call_stats import CallKey, Meter
from datasources.keys.port import KeyService
from datasources.locations.port import LocationService
from datasources.media.port import MediaStore
from datasources.search.port import PhotoIndex
from datasources.tables.store import ItemStore
from datasources.translations.port import Translator

P = TypeVar("P")
Arguments = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Measure:
    """How many keys a call asks for, of which part of the source, and how many bytes its answer has."""

    keys: Callable[[Arguments], int] = lambda _: 1
    part: Callable[[Arguments], str] = lambda _: ""
    size: Callable[[Any], int | None] = lambda _: None


def _many(at: int) -> Callable[[Arguments], int]:
    return lambda given: len(given[at]) if len(given) > at else 0


def _bodies(items: Any) -> int:
    return sum(len(item.body) for item in items)


def _table(given: Arguments) -> str:
    return str(given[0].name) if given else ""


_PER_ID: Final = Measure(_many(0))
_SCOPED: Final = Measure(_many(1))
_ONE: Final = Measure()
_NONE: Final = Measure(lambda _: 0)

PORTS: Final[Mapping[type, tuple[str, Mapping[str, Measure]]]] = {
    ItemStore: (
        "tables",
        {
            "get_many": Measure(_many(1), _table, lambda found: _bodies(found.values())),
            "query": Measure(part=_table, size=lambda page: _bodies(page.items)),
            "query_index": Measure(part=lambda given: ".".join((_table(given), *given[1:2]))),
            "transact": _PER_ID,
            "write_each": _PER_ID,
            "sweep": _NONE,
            "purge": _NONE,
        },
    ),
    PhotoIndex: (
        "search",
        {
            "search": _ONE,
            "search_many": _SCOPED,
            "document_frequencies": _SCOPED,
            "positions": _SCOPED,
            "nearest": _ONE,
            "write": _PER_ID,
            "refresh": _NONE,
            "erase": _ONE,
            "purge": _NONE,
            "versions": _ONE,
        },
    ),
    KeyService: (
        "keys",
        {
            "generate": Measure(size=lambda made: len(made[1])),
            "unwrap": Measure(size=len),
        },
    ),
    MediaStore: (
        "media",
        {
            "put": Measure(size=int),
            "sizes": _PER_ID,
            "read": _ONE,
            "delete_many": _PER_ID,
            "delete_owner": _ONE,
            "names": _ONE,
        },
    ),
    AuditLog: ("audit", {"append": _PER_ID}),
    LocationService: (
        "locations",
        {"resolve": _PER_ID, "locate": _PER_ID, "by_ids": _PER_ID, "names": _PER_ID, "addresses": _PER_ID, "search": _ONE},
    ),
    Translator: ("translator", {"translate": _PER_ID}),
}


def instrumented(port: type[P], inner: P, meter: Meter, *, clock: Callable[[], float] = time.perf_counter) -> P:
    """The same source, counted."""
    source, measures = PORTS[port]
    made: dict[str, Any] = {}
    for name in getattr(port, "__abstractmethods__", frozenset()):
        if name in measures:
            made[name] = _counting(inner, CallKey(source, "", name), measures[name], meter, clock)
        elif isinstance(getattr(port, name), property):
            made[name] = property(_passing(inner, name))
        else:
            made[name] = staticmethod(getattr(inner, name))
    made["inner"] = property(lambda _: inner)
    made["__getattr__"] = lambda _, name: getattr(inner, name)
    return cast("P", type(f"Counted{port.__name__}", (port,), made)())


def _passing(inner: Any, name: str) -> Callable[[Any], Any]:
    return lambda _: getattr(inner, name)


def _counting(inner: Any, asked: CallKey, measure: Measure, meter: Meter, clock: Callable[[], float]) -> Any:
    call = getattr(inner, asked.operation)

    async def through(_: Any, /, *given: Any, **named: Any) -> Any:
        begun, size = clock(), None
        try:
            answer = await call(*given, **named)
            size = measure.size(answer)
        except SourceError as e:
            meter.failed(asked.source, e)
            raise
        finally:
            meter.add(asked._replace(part=measure.part(given)), measure.keys(given), clock() - begun, size)
        if asked.source == "media" and asked.operation == "read" and answer is not None:
            return _weighed(answer, asked, meter)
        return answer

    return through


async def _weighed(pieces: AsyncIterator[bytes], asked: CallKey, meter: Meter) -> AsyncIterator[bytes]:
    """A file as it passes; what failed half way is a failure too."""
    spent = meter.spent[asked]
    spent.weighed = True
    try:
        async for piece in pieces:
            spent.bytes += len(piece)
            yield piece
    except SourceError as e:
        meter.failed(asked.source, e)
        raise
    finally:
        close = getattr(pieces, "aclose", None)
        if close is not None:
            await close()
