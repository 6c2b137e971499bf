"""Scalars: times in standard text formats, validated on input."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, NewType, TypeVar

import strawberry
from strawberry.types.scalar import ScalarDefinition

from execution.errors import GraphQLProblem
from resolvers.importing.moments import EARLIEST_YEAR, OUT_OF_RANGE

LocalDateTime = NewType("LocalDateTime", str)
MonthDay = NewType("MonthDay", str)
JSON = NewType("JSON", object)
D = TypeVar("D", date, datetime)

_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MONTH_DAY = re.compile(r"\d\d-\d\d", re.ASCII)


def _invalid(what: str, example: str) -> GraphQLProblem:
    return GraphQLProblem("BAD_USER_INPUT", f"{what} must be written in the format {example}.", reason="SCALAR")


def _in_range(moment: D) -> D:
    """Returns the value; raises an error for a year before those that photos can have."""
    if moment.year < EARLIEST_YEAR:
        raise GraphQLProblem("BAD_USER_INPUT", f"A time {OUT_OF_RANGE}.", reason="SCALAR")
    return moment


def _read_datetime(raw: Any) -> datetime:
    if not isinstance(raw, str) or not _DATE_TIME.fullmatch(raw):
        raise _invalid("A DateTime", "2024-05-01T08:00:00Z")
    try:
        return _in_range(datetime.fromisoformat(raw.upper()).astimezone(UTC))
    except (ValueError, OverflowError) as e:
        raise _invalid("A DateTime", "2024-05-01T08:00:00Z") from e


def _read_date(raw: Any) -> date:
    if not isinstance(raw, str) or not _DATE.fullmatch(raw):
        raise _invalid("A Date", "2024-05-01")
    try:
        return _in_range(date.fromisoformat(raw))
    except ValueError as e:
        raise _invalid("A Date", "2024-05-01") from e


def _read_local(raw: Any) -> str:
    try:
        moment = datetime.fromisoformat(raw) if isinstance(raw, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is not None:
        raise _invalid("A LocalDateTime", "2024-05-01T10:00:00")
    return _in_range(moment).isoformat(timespec="seconds")


def _read_month_day(raw: Any) -> str:
    if not isinstance(raw, str) or not _MONTH_DAY.fullmatch(raw):
        raise _invalid("A MonthDay", "12-24")
    try:
        date.fromisoformat(f"2000-{raw}")
    except ValueError as e:
        raise _invalid("A MonthDay", "12-24") from e
    return raw


def _write_datetime(moment: datetime) -> str:
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds" if moment.microsecond else "seconds")
    return text.replace("+00:00", "Z")


def _scalar(
    name: str, description: str, read: Callable[[Any], Any], write: Callable[[Any], Any] = str, url: str | None = None
) -> ScalarDefinition:
    return strawberry.scalar(name=name, description=description, parse_value=read, serialize=write, specified_by_url=url)


SCALARS: dict[object, ScalarDefinition] = {
    datetime: _scalar(
        "DateTime",
        "An instant in RFC 3339 format with a UTC offset, for example `2024-05-01T08:00:00Z`. Inputs are from the year 1000.",
        _read_datetime,
        _write_datetime,
        "https://scalars.graphql.org/andimarek/date-time.html",
    ),
    date: _scalar(
        "Date", "A calendar day in the format of ISO 8601, for example `2024-05-01`. Inputs are from the year 1000.", _read_date
    ),
    LocalDateTime: _scalar(
        "LocalDateTime",
        "A local date and time without a UTC offset, for example `2024-05-01T10:00:00`. Inputs are from the year 1000.",
        _read_local,
    ),
    JSON: _scalar("JSON", "An arbitrary JSON value.", lambda raw: raw, lambda value: value),
    MonthDay: _scalar("MonthDay", "A day in every year as month and day, for example `12-24`.", _read_month_day),
}
