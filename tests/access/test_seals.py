"""Seals open where they were made, and nowhere else."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.seals import Binding, DataKey, OwnerKeys, SealError, seal, unseal

HERE = Binding("photos", "ana", "p1")


def make_keys(owner: str = "ana", *, versions: int = 2) -> OwnerKeys:
    made = [DataKey(os.urandom(8), os.urandom(32)) for _ in range(versions)]
    return OwnerKeys(owner, made[-1], {key.id: key for key in made})


KEYS = make_keys()


@given(plain=st.binary(max_size=2000), group=st.text(max_size=30), table=st.text(max_size=30), owner=st.text(), record=st.text())
def test_what_was_sealed_is_opened_in_the_same_place(plain: bytes, group: str, table: str, owner: str, record: str) -> None:
    where = Binding(table, owner, record)
    sealed = seal(KEYS, where, group, plain)
    assert unseal(KEYS, where, group, sealed) == plain


MOVED = {
    "table": (replace(HERE, table="albums"), "CONTENT"),
    "owner": (replace(HERE, owner="bob"), "CONTENT"),
    "record": (replace(HERE, record="p2"), "CONTENT"),
    "group": (HERE, "LOCATION"),
    "letters shifted between parts": (Binding("photosa", "na", "p1"), "CONTENT"),
    "letters shifted to the group": (replace(HERE, record="p"), "1CONTENT"),
}


@pytest.mark.parametrize("to", list(MOVED))
def test_a_seal_that_was_moved_does_not_open(to: str) -> None:
    sealed = seal(KEYS, HERE, "CONTENT", b"the beach")
    where, group = MOVED[to]
    with pytest.raises(SealError, match="the seal was altered or moved"):
        unseal(KEYS, where, group, sealed)


@given(a=st.tuples(*[st.text(max_size=4)] * 4), b=st.tuples(*[st.text(max_size=4)] * 4))
def test_no_two_places_have_the_same_associated_data(a: tuple[str, ...], b: tuple[str, ...]) -> None:
    one, other = (Binding(*parts[:3]).associated_data(parts[3]) for parts in (a, b))
    assert (one == other) == (a == b)


def test_a_seal_with_one_bit_changed_does_not_open() -> None:
    sealed = seal(KEYS, HERE, "CONTENT", b"the beach")
    for bit in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(SealError):
            unseal(KEYS, HERE, "CONTENT", bytes(changed))


def test_a_seal_cut_short_or_lengthened_does_not_open() -> None:
    sealed = seal(KEYS, HERE, "CONTENT", b"the beach")
    for bad in (*(sealed[:size] for size in range(len(sealed))), sealed + b"\0", b"\0" + sealed):
        with pytest.raises(SealError):
            unseal(KEYS, HERE, "CONTENT", bad)


def test_a_seal_of_an_unknown_key_does_not_open() -> None:
    sealed = seal(make_keys(), HERE, "CONTENT", b"the beach")
    with pytest.raises(SealError, match="the key of the seal does not exist"):
        unseal(KEYS, HERE, "CONTENT", sealed)


def test_a_key_of_the_same_id_but_another_secret_does_not_open() -> None:
    sealed = seal(KEYS, HERE, "CONTENT", b"the beach")
    other = DataKey(KEYS.current.id, os.urandom(32))
    with pytest.raises(SealError, match="the seal was altered or moved"):
        unseal(OwnerKeys("ana", other, {other.id: other}), HERE, "CONTENT", sealed)


def test_an_older_key_still_opens_and_the_current_one_seals() -> None:
    old, current = KEYS.by_id.values()
    before = seal(replace(KEYS, current=old), HERE, "CONTENT", b"the beach")
    assert unseal(KEYS, HERE, "CONTENT", before) == b"the beach"
    assert seal(KEYS, HERE, "CONTENT", b"")[1:9] == current.id


def test_two_seals_of_the_same_value_share_nothing() -> None:
    one, other = (seal(KEYS, HERE, "CONTENT", b"the beach") for _ in range(2))
    assert one[9:] != other[9:]
    assert b"beach" not in one


def test_the_text_of_keys_shows_no_secret() -> None:
    for text in (repr(KEYS), str(KEYS.current), f"{KEYS.by_id}"):
        for key in KEYS.by_id.values():
            assert repr(key.secret)[2:-1] not in text
            assert key.secret.hex() not in text


def test_the_text_of_a_failure_shows_no_value() -> None:
    sealed = seal(KEYS, HERE, "CONTENT", b"the beach")
    with pytest.raises(SealError) as failure:
        unseal(KEYS, replace(HERE, record="secret-record"), "CONTENT", sealed)
    assert str(failure.value) == "photos CONTENT: the seal was altered or moved"
