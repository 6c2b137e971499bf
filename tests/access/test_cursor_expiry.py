from __future__ import annotations

import pytest

from access.ids import Cursors
from datasources.search.port import Position
from resolvers.errors import StaleCursor
from resolvers.paging import CURSOR_LIFE_S, CursorCodec

NOON = 1_790_000_000
DAY_S = 86_400


def codec_at(now_s: int) -> CursorCodec:
    return CursorCodec(Cursors(b"a secret of the test installation"), "CUSTOMER:ana", ("photos",), lambda: now_s)


def test_a_cursor_is_valid_for_a_week_and_rejected_afterwards() -> None:
    cursor = codec_at(NOON).write(Position(0.0, 7, "one"))
    found = codec_at(NOON + CURSOR_LIFE_S).read(cursor)
    assert found is not None
    assert found.position == Position(0.0, 7, "one")
    with pytest.raises(StaleCursor):
        codec_at(NOON + CURSOR_LIFE_S + DAY_S + 1).read(cursor)


def test_cursors_of_one_day_are_equal() -> None:
    day = NOON - NOON % DAY_S
    first, last, next_day = (codec_at(day + s).write(Position(0.0, 7, "one")) for s in (0, DAY_S - 1, DAY_S))
    assert first == last != next_day
