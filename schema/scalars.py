"""Times as texts that every client can read, checked when they come in."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, NewType

import strawberry
from strawberry.types.scalar import ScalarDefinition

from execution.errors import GraphQLProblem

LocalDateTime = NewType("LocalDateTime", str)
MonthDay = NewType("MonthDay", str)
JSON = NewType("JSON", object)

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MONTH_DAY = re.compile(r"\d\d-\d\d", re.ASCII)


def _wrong(what: str, example: str) -> GraphQLProblem:
    return GraphQLProblem("BAD_USER_INPUT", f"{what} is written like {example}", reason="SCALAR")


def _read_moment(given: Any) -> datetime:
    if not isinstance(given, str) or not _MOMENT.fullmatch(given):
        raise _wrong("a DateTime", "2024-05-01T08:00:00Z")
    try:
        return datetime.fromisoformat(given.upper()).astimezone(UTC)
    except (ValueError, OverflowError) as e:
        raise _wrong("a DateTime", "2024-05-01T08:00:00Z") from e


def _read_day(given: Any) -> date:
    if not isinstance(given, str) or not _DAY.fullmatch(given):
        raise _wrong("a Date", "2024-05-01")
    try:
        return date.fromisoformat(given)
    except ValueError as e:
        raise _wrong("a Date", "2024-05-01") from e


def _read_local(given: Any) -> str:
    try:
        moment = datetime.fromisoformat(given) if isinstance(given, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is not None:
        raise _wrong("a LocalDateTime", "2024-05-01T10:00:00")
    return moment.isoformat(timespec="seconds")


def _read_month_day(given: Any) -> str:
    if not isinstance(given, str) or not _MONTH_DAY.fullmatch(given):
        raise _wrong("a MonthDay", "12-24")
    try:
        date.fromisoformat(f"2000-{given}")
    except ValueError as e:
        raise _wrong("a MonthDay", "12-24") from e
    return given


def _write_moment(moment: datetime) -> str:
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds" if moment.microsecond else "seconds")
    return text.replace("+00:00", "Z")


def _scalar(
    name: str, description: str, read: Callable[[Any], Any], write: Callable[[Any], Any] = str, url: str | None = None
) -> ScalarDefinition:
    return strawberry.scalar(name=name, description=description, parse_value=read, serialize=write, specified_by_url=url)


SCALARS: dict[object, ScalarDefinition] = {
    datetime: _scalar(
        "DateTime",
        "When something happened, RFC 3339 with an offset: `2024-05-01T08:00:00Z`.",
        _read_moment,
        _write_moment,
        "https://scalars.graphql.org/andimarek/date-time.html",
    ),
    date: _scalar("Date", "A calendar day, ISO 8601: `2024-05-01`.", _read_day),
    LocalDateTime: _scalar(
        "LocalDateTime",
        "The wall clock where the photo was taken, without an offset: `2024-05-01T10:00:00`.",
        _read_local,
    ),
    JSON: _scalar("JSON", "Any JSON value.", lambda given: given, lambda value: value),
    MonthDay: _scalar("MonthDay", "A day of any year: `12-24`.", _read_month_day),
}
