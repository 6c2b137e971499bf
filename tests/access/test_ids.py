"""Ids and cursors: one object has one text, and no other text is accepted."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator

import pytest

from access.ids import Cursors, Ids, InvalidId, public_id

IDS = Ids(b"s" * 32)
CURSORS = Cursors(b"s" * 32)


def decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def altered(text: str) -> Iterator[str]:
    """The text with every other value of its first byte, and with each bit of the other bytes inverted."""
    data = decoded(text)
    for first in set(range(256)) - {data[0]}:
        yield urlsafe_b64encode(bytes([first]) + data[1:]).decode().rstrip("=")
    for place in range(1, len(data)):
        for bit in range(8):
            changed = bytes([*data[:place], data[place] ^ (1 << bit), *data[place + 1 :]])
            yield urlsafe_b64encode(changed).decode().rstrip("=")


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (IDS.encode("Photo", "ana", "0" * 32), IDS.decode),
        (IDS.encode("Share", "b" * 32, "album#slot"), IDS.decode),
        (CURSORS.encode(b"a position", [b"viewer"]), lambda text: CURSORS.decode(text, [b"viewer"])),
    ],
)
def test_a_change_of_any_bit_makes_an_id_or_a_cursor_invalid(text: str, read: Callable[[str], object]) -> None:
    read(text)
    accepted = []
    for changed in altered(text):
        try:
            read(changed)
        except InvalidId:
            continue
        accepted.append(changed)
    assert accepted == []


@pytest.mark.parametrize("text", [IDS.encode("Photo", "ana", "0" * 32), public_id("Place", "IT.16")])
def test_padding_and_spaces_make_an_id_invalid(text: str) -> None:
    for changed in (f"{text}=", f" {text}", f"{text}\n", f"{text}\0", ""):
        with pytest.raises(InvalidId):
            IDS.decode(changed)
