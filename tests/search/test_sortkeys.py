from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from datasources.sortkeys import added_key, day_key, key_text, none_key, taken_key

TIMES = st.none() | st.datetimes().map(lambda t: t.replace(microsecond=0).isoformat())
IDS = st.integers(0, (1 << 128) - 1).map("{:032x}".format)


@given(TIMES, IDS, TIMES, IDS)
def test_keys_go_by_time_then_by_id_and_the_undated_are_the_oldest(
    time: str | None, photo: str, other: str | None, another: str
) -> None:
    first, second = (taken_key(time, photo), photo), (taken_key(other, another), another)
    assert (first < second) == ((time or "", photo) < (other or "", another))
    assert (key_text(*first) < key_text(*second)) == (first < second)


@given(TIMES, IDS)
def test_every_key_is_an_unsigned_number_of_64_bits(time: str | None, photo: str) -> None:
    for key in (taken_key(time, photo), day_key(time, photo), none_key(photo), added_key(1_800_000_000_000, photo)):
        assert 0 <= key < 1 << 64


@given(TIMES, TIMES, IDS)
def test_the_key_of_a_day_does_not_tell_the_hour(time: str | None, other: str | None, photo: str) -> None:
    same_day = (time or "")[:10] == (other or "")[:10]
    assert (day_key(time, photo) == day_key(other, photo)) == same_day
