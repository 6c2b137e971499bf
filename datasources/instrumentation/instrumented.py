"""Instrumentation of data sources: a wrapper class is generated from the port, so that adapters need no code for it.

Methods of `PORTS` are measured; all other methods of a port are passed through.
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
    """How to read the number of keys, the table and the number of bytes from the arguments and the result of a call."""

    keys: Callable[[Arguments], int] = lambda _: 1
    part: Callable[[Arguments], str] = lambda _: ""
    size: Callable[[Any], int | None] = lambda _: None


def _length_of(at: int) -> Callable[[Arguments], int]:
    return lambda arguments: len(arguments[at]) if len(arguments) > at else 0


def _bodies(items: Any) -> int:
    return sum(len(item.body) for item in items)


def _table(arguments: Arguments) -> str:
    return str(arguments[0].name) if arguments else ""


_PER_ID: Final = Measure(_length_of(0))
_SCOPED: Final = Measure(_length_of(1))
_ONE: Final = Measure()
_NONE: Final = Measure(lambda _: 0)

PORTS: Final[Mapping[type, tuple[str, Mapping[str, Measure]]]] = {
    ItemStore: (
        "tables",
        {
            "get_many": Measure(_length_of(1), _table, lambda found: _bodies(found.values())),
            "query": Measure(part=_table, size=lambda page: _bodies(page.items)),
            "query_index": Measure(part=lambda arguments: ".".join((_table(arguments), *arguments[1:2]))),
            "scan": Measure(part=_table, size=lambda page: _bodies(page.items)),
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
            "generate": Measure(size=lambda result: len(result[1])),
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
    """The source with measured methods."""
    source, measures = PORTS[port]
    attributes: dict[str, Any] = {}
    for name in getattr(port, "__abstractmethods__", frozenset()):
        if name in measures:
            attributes[name] = _measured(inner, CallKey(source, "", name), measures[name], meter, clock)
        elif isinstance(getattr(port, name), property):
            attributes[name] = property(_passed_through(inner, name))
        else:
            attributes[name] = staticmethod(getattr(inner, name))
    attributes["inner"] = property(lambda _: inner)
    attributes["__getattr__"] = lambda _, name: getattr(inner, name)
    return cast("P", type(f"Counted{port.__name__}", (port,), attributes)())


def _passed_through(inner: Any, name: str) -> Callable[[Any], Any]:
    return lambda _: getattr(inner, name)


def _measured(inner: Any, key: CallKey, measure: Measure, meter: Meter, clock: Callable[[], float]) -> Any:
    call = getattr(inner, key.operation)

    async def measured_call(_: Any, /, *arguments: Any, **named: Any) -> Any:
        started, size = clock(), None
        try:
            answer = await call(*arguments, **named)
            size = measure.size(answer)
        except SourceError as e:
            meter.add_failure(key.source, e)
            raise
        finally:
            meter.add(key._replace(part=measure.part(arguments)), measure.keys(arguments), clock() - started, size)
        if key.source == "media" and key.operation == "read" and answer is not None:
            return _count_bytes(answer, key, meter)
        return answer

    return measured_call


async def _count_bytes(chunks: AsyncIterator[bytes], key: CallKey, meter: Meter) -> AsyncIterator[bytes]:
    """Count the bytes of a stream while it is read; an error during the stream is a failure of the call."""
    stats = meter.calls[key]
    stats.has_bytes = True
    try:
        async for chunk in chunks:
            stats.bytes += len(chunk)
            yield chunk
    except SourceError as e:
        meter.add_failure(key.source, e)
        raise
    finally:
        close = getattr(chunks, "aclose", None)
        if close is not None:
            await close()
