"""The film that phones append to a picture: motion photos of Google and Samsung, in JPEG and HEIC.

The film is an ISO base media file (ISO 14496-12) inside the picture's file. It is found by its first box, and ends where no
box of a film follows. The lengths that XMP states are not used, because programs that edit the picture leave wrong ones.
"""

from __future__ import annotations

from typing import Final

from pictures.formats.tiff import Bytes

_BRANDS: Final = frozenset(
    (b"mp41", b"mp42", b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"avc1", b"qt  ", b"M4V ", b"MSNV", b"3gp4", b"3gp5")
)
_BOXES: Final = frozenset(
    (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"uuid", b"meta", b"moof", b"mfra", b"sidx", b"udta", b"pdin")
)
_LEAST: Final = 1_000
"""Bytes of a picture before its film; the first box of a HEIC file is within them."""
_MOST_CANDIDATES: Final = 16
_LARGE: Final = 16
"""Bytes of the header of a box whose size is written with 64 bits."""


def embedded_film(data: Bytes) -> tuple[int, int] | None:
    """The first byte of the film and the one after its last; None if there is none."""
    end = len(data)
    for _ in range(_MOST_CANDIDATES):
        at = data.rfind(b"ftyp", _LEAST, end) - 4
        if at < _LEAST:
            return None
        last = _end_of(data, at) if bytes(data[at + 8 : at + 12]) in _BRANDS else None
        if last is not None:
            return at, last
        end = at + 4
    return None


def _end_of(data: Bytes, start: int) -> int | None:
    """The end of the boxes from here; None if they are no film."""
    at, seen = start, set[bytes]()
    while at + 8 <= len(data):
        size, kind = int.from_bytes(data[at : at + 4]), bytes(data[at + 4 : at + 8])
        if kind not in _BOXES or (kind == b"ftyp") is not (at == start):
            break
        header = 8
        if size == 1:
            size, header = int.from_bytes(data[at + 8 : at + _LARGE]), _LARGE
        elif size == 0:
            size = len(data) - at
        if size < header or at + size > len(data):
            break
        seen.add(kind)
        at += size
    return at if {b"moov", b"mdat"} <= seen else None
