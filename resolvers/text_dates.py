"""Dates and spans as people type them, in English, German, French, Spanish, Italian, Portuguese and Russian.

A date that can be read in two ways (`03/04/2019`) matches both. Seasons are those of the northern hemisphere, in whole months.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Sequence
from datetime import date, timedelta

from datasources.search.conditions import All, Any_, Between, Condition, Field
from resolvers.text_date_words import DAYS, DECADE_WORDS, FILLERS, HOLIDAYS, LAST, MONTHS, SEASONS, THIS, UNITS, WEEKDAYS
from resolvers.text_syntax import Run

_FIRST_YEAR, _LAST_YEAR = 1800, 2100
_ORDINAL = re.compile(r"([0-9]{1,2})(?:st|nd|rd|th|er|o|a|го|ого|е)?")
_DECADE = re.compile(r"((?:1[89]|20)?[0-9]0)(?:s|er|ern|ies|е|х)")
_DECEMBER = 12


def date_at(run: Run, at: int, today: date) -> tuple[int, Condition] | None:
    """The longest date that begins at this word, as the number of its words and a condition; None if there is none."""
    words = run.words[at:]
    named = _relative(words, today) or _day_of_month(words) or _named_span(words)
    return _numeric(run, at) or named or _decade(words) or _year(words)


def _between(field: Field, low: int, high: int | None = None) -> Condition:
    return Between(field, low, low if high is None else high)


def _days(first: date, last: date) -> Condition:
    return _between(Field.DAY, _number(first), _number(last))


def _number(day: date) -> int:
    return day.year * 10_000 + day.month * 100 + day.day


def _year_of(word: str) -> int | None:
    return int(word) if re.fullmatch("[0-9]{4}", word) and _FIRST_YEAR <= int(word) <= _LAST_YEAR else None


def _valid(year: int, month: int, day: int) -> bool:
    return 1 <= month <= _DECEMBER and 1 <= day <= calendar.monthrange(year, month)[1]


def _numeric(run: Run, at: int) -> tuple[int, Condition] | None:
    """`2019-07-14`, `14.07.2019`, `7/14/2019`, `2019-07`, `07/2019`, `20190714`, written without spaces."""
    together = [w for w, of in zip(run.words[at:], run.source[at:], strict=True) if of == run.source[at]]
    if at and run.source[at - 1] == run.source[at]:
        return None
    if not all(w.isdecimal() and w.isascii() for w in together):
        return None
    numbers = [int(w) for w in together]
    if len(together) == 1 and re.fullmatch("(?:19|20)[0-9]{6}", together[0]):
        year, month, day = int(together[0][:4]), int(together[0][4:6]), int(together[0][6:])
        return (1, _between(Field.DAY, int(together[0]))) if _valid(year, month, day) else None
    if len(numbers) == 3:  # noqa: PLR2004 - day, month and year
        full = _year_of(together[0]) or _full_year(together[2])
        year = full or 0
        month_days = [(numbers[1], numbers[2])] if _year_of(together[0]) else [(numbers[1], numbers[0]), (numbers[0], numbers[1])]
        found = {_number(date(year, m, d)) for m, d in month_days if year and _valid(year, m, d)}
        return (3, Any_(tuple(_between(Field.DAY, n) for n in sorted(found)))) if found else None
    if len(numbers) == 2:  # noqa: PLR2004 - month and year
        year, month = (numbers[0], numbers[1]) if _year_of(together[0]) else (numbers[1], numbers[0])
        if _year_of(str(year)) and 1 <= month <= _DECEMBER:
            return 2, _between(Field.YEAR_MONTH, year * 100 + month)
    return None


def _full_year(word: str) -> int | None:
    if re.fullmatch("[0-9]{2}", word):
        return 2000 + int(word) if int(word) < 70 else 1900 + int(word)  # noqa: PLR2004 - as POSIX reads two digits
    return _year_of(word)


def _skip(words: Sequence[str], at: int) -> int:
    """The first word from here that is no filler, such as `of` in `4th of July`."""
    while at < len(words) and words[at] in FILLERS:
        at += 1
    return at


def _trailing_year(words: Sequence[str], at: int) -> tuple[int, int | None]:
    """The year that may follow, and the number of words with it."""
    after = _skip(words, at)
    year = _year_of(words[after]) if after < len(words) else None
    return (at, None) if year is None else (after + 1, year)


def _day_of_month(words: Sequence[str]) -> tuple[int, Condition] | None:
    """`4th of July 2019`, `July 4`, `14. Juli 2019`: a day of a month with or without a year."""
    ordinal = _ORDINAL.fullmatch(words[0])
    if ordinal:
        at = _skip(words, 1)
        month = MONTHS.get(words[at]) if at < len(words) else None
        day, at = int(ordinal[1]), at + 1
    else:
        month, at = MONTHS.get(words[0]), _skip(words, 1)
        second = _ORDINAL.fullmatch(words[at]) if at < len(words) else None
        day, at = (int(second[1]), at + 1) if second else (0, at)
    if month is None or not 1 <= day <= calendar.monthrange(2000, month)[1]:
        return None
    size, year = _trailing_year(words, at)
    if year is None:
        return size, _between(Field.MONTH_DAY, month * 100 + day)
    return (size, _between(Field.DAY, _number(date(year, month, day)))) if _valid(year, month, day) else None


def _named_span(words: Sequence[str]) -> tuple[int, Condition] | None:
    """`July 2019`, `summer 2019`, `Christmas`, `2019 July`; a month alone is that month of every year."""
    year = _year_of(words[0])
    start = _skip(words, 1) if year is not None else 0
    if start >= len(words):
        return None
    name, size = _name_at(words, start)
    if name is None:
        return None
    end = start + size
    if year is None:
        end, year = _trailing_year(words, end)
    return end, _in_year(name, year)


Name = tuple[str, int]
"""A kind (`month`, `season`, `holiday`, `weekday`) and its number."""


def _name_at(words: Sequence[str], at: int) -> tuple[Name | None, int]:
    for kind, table in (("holiday", HOLIDAYS), ("month", MONTHS), ("season", SEASONS), ("weekday", WEEKDAYS)):
        for size in (4, 3, 2, 1):
            number = table.get(" ".join(words[at : at + size])) if at + size <= len(words) else None
            if number is not None:
                return (kind, number), size
    return None, 0


def _in_year(name: Name, year: int | None) -> Condition:
    kind, number = name
    if kind == "weekday":
        day = _between(Field.WEEKDAY, number)
        return day if year is None else All((day, _between(Field.YEAR, year)))
    if kind == "month":
        return _between(Field.MONTH, number) if year is None else _between(Field.YEAR_MONTH, year * 100 + number)
    if kind == "holiday":
        first, last = divmod(number, 10_000)
        if year is None:
            return _between(Field.MONTH_DAY, first, last)
        return _between(Field.DAY, year * 10_000 + first, year * 10_000 + last)
    months = _months_of_season(number)
    if year is None:
        return Any_(tuple(_between(Field.MONTH, m) for m in months))
    # The winter of a year is the one that begins in it, and what people call so in January: both of its winters.
    spans = [(year, m) for m in months] + [(year + 1, m) for m in months if number == _WINTER and m < _DECEMBER]
    return Any_(tuple(_between(Field.YEAR_MONTH, y * 100 + m) for y, m in spans))


_WINTER = 4


def _months_of_season(number: int) -> tuple[int, int, int]:
    first = 3 * number
    return first, first % 12 + 1, (first + 1) % 12 + 1


def _decade(words: Sequence[str]) -> tuple[int, Condition] | None:
    """`1960s`, `60s`, `1960er`, `anni 60`, `années 1980`."""
    found, size = _DECADE.fullmatch(words[0]), 1
    if found is None and len(words) > 1 and words[0] in DECADE_WORDS:
        found, size = re.fullmatch("((?:1[89]|20)?[0-9]0)", words[1]), 2
    if found is None:
        return None
    number = int(found[1])
    first = number if number >= 100 else (2000 if number < 30 else 1900) + number  # noqa: PLR2004 - decades that people mean
    return size, _between(Field.YEAR, first, first + 9)


def _year(words: Sequence[str]) -> tuple[int, Condition] | None:
    year = _year_of(words[0])
    return None if year is None else (1, _between(Field.YEAR, year))


def _relative(words: Sequence[str], today: date) -> tuple[int, Condition] | None:
    """`yesterday`, `last week`, `l'été dernier`, `this year`, `last Christmas`."""
    for size in (3, 2, 1):
        offset = DAYS.get(" ".join(words[:size])) if size <= len(words) else None
        if offset is not None:
            day = today + timedelta(days=offset)
            return size, _days(day, day)
    for ahead in (True, False):  # the adjective before or after the noun
        back = LAST.get(words[0], THIS.get(words[0])) if ahead else None
        start = 1 if ahead else 0
        if (ahead and back is None) or start >= len(words):
            continue
        unit, length = _unit_at(words, start)
        if unit is None:
            continue
        end = start + length
        if not ahead:
            back = LAST.get(words[end], THIS.get(words[end])) if end < len(words) else None
            if back is None:
                continue
            end += 1
        return end, _counted_back(unit, back or 0, today)
    return None


def _unit_at(words: Sequence[str], at: int) -> tuple[Name | None, int]:
    for size in (3, 2, 1):
        unit = UNITS.get(" ".join(words[at : at + size])) if at + size <= len(words) else None
        if unit is not None:
            return ("unit", unit), size
    return _name_at(words, at)


def _counted_back(name: Name, back: int, today: date) -> Condition:
    """The unit that contains today (0), or the one before it (1)."""
    kind, number = name
    if kind != "unit":
        years = [today.year - back, today.year - back - 1] if back else [today.year]
        return Any_(tuple(_past(name, years, today, back)))
    if number == 7:  # noqa: PLR2004 - days of a week, from Monday
        monday = today - timedelta(days=today.weekday() + 7 * back)
        return _days(monday, monday + timedelta(days=6))
    if number == 2:  # noqa: PLR2004 - days of a weekend
        saturday = today - timedelta(days=today.weekday() + 2) if back else today + timedelta(days=5 - today.weekday())
        return _days(saturday, saturday + timedelta(days=1))
    if number == 31:  # noqa: PLR2004 - a month
        months = today.year * 12 + today.month - 1 - back
        return _between(Field.YEAR_MONTH, months // 12 * 100 + months % 12 + 1)
    return _between(Field.YEAR, today.year - back)


def _past(name: Name, years: Sequence[int], today: date, back: int) -> list[Condition]:
    """`last summer` is the latest one that has begun: of this year if it is over, else of the year before."""
    kind, number = name
    if not back:
        return [_in_year(name, years[0])]
    if kind == "weekday":
        day = today - timedelta(days=(today.isoweekday() - number - 1) % 7 + 1)
        return [_days(day, day)]
    ends = {"month": number, "season": _months_of_season(number)[-1] if kind == "season" else 0, "holiday": number // 1_000_000}
    over = ends[kind] < today.month and not (kind == "season" and number == _WINTER)
    return [_in_year(name, today.year if over else today.year - 1)]
