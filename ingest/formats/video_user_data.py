"""Texts and positions in the header of a video: keys of Apple and Android, and atoms of iTunes, QuickTime and 3GP."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

from ingest.formats.exif import clean_text
from ingest.formats.exif_place import checked_position
from pictures.formats.bmff_boxes import Box, boxes, find
from pictures.formats.errors import BadFile

_MAX_TEXT = 64 << 10
_MAX_XMP = 8 << 20
_PREFIXES: Final = ("com.apple.quicktime.", "com.android.")
_POSITION, _KEYWORDS = "location.ISO6709", "keywords"
_ATOMS: Final = {b"xyz": _POSITION, b"day": "day", b"mak": "make", b"mod": "model", b"cmt": "comment", b"des": "description"}
_ATOMS_OF_ITUNES: Final = {b"desc": "description", b"ldes": "description", b"keyw": _KEYWORDS}
_PLAIN_ATOMS: Final = {b"date": "date", b"manu": "make", b"modl": "model"}
"""User data that is a text without a length."""
_ATOMS_OF_3GP: Final = {b"dscp": "description", b"titl": "title"}
_UTF8, _UTF16 = 1, 2
_ISO6709 = re.compile(r"([+-]\d+(?:\.\d+)?)([+-]\d+(?:\.\d+)?)([+-]\d+(?:\.\d+)?)?(?:CRS[^/]*)?/?")


@dataclass(slots=True)
class UserData:
    """Texts by their names in lower case, the position by the names of record fields, and XMP."""

    texts: dict[str, str] = field(default_factory=dict)
    keywords: list[str] = field(default_factory=list)
    place: dict[str, Any] | None = None
    xmp: list[bytes] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def add(self, name: str, text: str) -> None:
        """Adds a text; the first with a name is used."""
        if name == _KEYWORDS:
            self.keywords.append(text)
        elif name == _POSITION and self.place is None and (match := _ISO6709.fullmatch(text)):
            altitude = float(match[3]) if match[3] else None
            self.add_place(_angle(match[1], 2), _angle(match[2], 3), altitude)
        elif text:
            self.texts.setdefault(name, text)

    def add_place(self, latitude: float | None, longitude: float | None, altitude: float | None) -> None:
        """Adds a position unless there is one."""
        if self.place is None:
            self.place, remarks = checked_position(latitude, longitude, altitude, "GPS")
            self.remarks += remarks


def read_user_data(moov: bytes) -> UserData:
    """The metadata of a header. Damaged parts are read up to the damage."""
    found = UserData()
    root = Box(b"moov", 0, len(moov))
    for read in (_read_keys, _read_atoms):
        try:
            read(moov, root, found)
        except BadFile:
            found.remarks.append("its user data is damaged: the readable part was used")
    return found


def _read_keys(moov: bytes, root: Box, found: UserData) -> None:
    """The metadata of Apple: a list of names, and values by their index in it; or values by the type of an atom."""
    for path in ((b"meta",), (b"udta", b"meta")):
        meta = find(moov, root, *path)
        if meta is None:
            continue
        if moov[meta.start : meta.start + 4] == b"\0\0\0\0":  # MP4 has a version field here, MOV has none
            meta = Box(meta.kind, meta.start + 4, meta.end)
        names = _names(moov, find(moov, meta, b"keys"))
        values = find(moov, meta, b"ilst")
        for item in boxes(moov, values.start, values.end) if values else ():
            value = find(moov, item, b"data")
            name = names.get(int.from_bytes(item.kind)) or _name_of(item.kind) or _ATOMS_OF_ITUNES.get(item.kind)
            kind = moov[value.start + 3] if value and value.end - value.start > 8 else 0  # noqa: PLR2004  (type, locale)
            if name and value and kind in {_UTF8, _UTF16}:
                raw = moov[value.start + 8 : min(value.end, value.start + 8 + _MAX_TEXT)]
                found.add(name, clean_text(raw.decode("utf-8" if kind == _UTF8 else "utf-16-be", "replace")))


def _names(moov: bytes, keys: Box | None) -> dict[int, str]:
    listed = boxes(moov, keys.start + 8, keys.end) if keys else ()
    names = {number: _text(moov[box.start : min(box.end, box.start + 200)]) for number, box in enumerate(listed, 1)}
    for prefix in _PREFIXES:
        names = {number: name.removeprefix(prefix) for number, name in names.items()}
    return {number: {"displayname": "title"}.get(name, name) for number, name in names.items()}


def _name_of(kind: bytes) -> str | None:
    """The name of an atom of QuickTime, which begins with a copyright sign, or with `@` in files of some cameras."""
    if kind[1:] == b"nam" and kind[:1] == b"\xa9":
        return "title"
    return _ATOMS.get(kind[1:]) if kind[:1] in {b"\xa9", b"@"} else None


def _read_atoms(moov: bytes, root: Box, found: UserData) -> None:
    """The user data of QuickTime (length, language, text), of 3GP, and XMP."""
    udta = find(moov, root, b"udta")
    for atom in boxes(moov, udta.start, udta.end) if udta else ():
        body = moov[atom.start : min(atom.end, atom.start + _MAX_XMP)]
        if (name := _name_of(atom.kind)) is not None:
            found.add(name, _text(body[4 : 4 + int.from_bytes(body[:2])]))
        elif (name := _PLAIN_ATOMS.get(atom.kind)) is not None:
            found.add(name, _text(body))
        elif (name := _ATOMS_OF_3GP.get(atom.kind)) is not None:
            found.add(name, _text(body[6:]))  # after version, flags and language
        elif atom.kind == b"kywd":
            _read_keywords(body, found)
        elif atom.kind == b"loci":
            _read_location(body, found)
        elif atom.kind == b"XMP_":
            found.xmp.append(body)


def _read_keywords(body: bytes, found: UserData) -> None:
    """Keywords of 3GP: their number, then each with its length."""
    at = 7
    for _ in range(body[6] if len(body) > 6 else 0):  # noqa: PLR2004
        length = body[at] if at < len(body) else 0
        found.add(_KEYWORDS, _text(body[at + 1 : at + 1 + length]))
        at += 1 + length


def _read_location(body: bytes, found: UserData) -> None:
    """The position of 3GP: a name, a role, then longitude, latitude and altitude as fixed-point numbers of 16.16 bits."""
    if body[6:8] in {b"\xfe\xff", b"\xff\xfe"}:
        end = next((at for at in range(8, len(body) - 1, 2) if body[at : at + 2] == b"\0\0"), len(body)) + 2
    else:
        end = body.find(b"\0", 6) + 1
    numbers = body[end + 1 : end + 13] if end > 0 else b""
    if len(numbers) == 12:  # noqa: PLR2004
        longitude, latitude, altitude = (int.from_bytes(numbers[at : at + 4], signed=True) / 65536 for at in (0, 4, 8))
        found.add_place(latitude, longitude, altitude or None)


def _text(raw: bytes) -> str:
    """The text of an atom: UTF-8, or UTF-16 with a byte order mark."""
    if raw[:2] in {b"\xfe\xff", b"\xff\xfe"}:
        return clean_text(raw[:_MAX_TEXT].decode("utf-16", "replace").split("\0", 1)[0])
    return clean_text(raw[:_MAX_TEXT].split(b"\0", 1)[0].decode("utf-8", "replace"))


def _angle(text: str, degree_digits: int) -> float | None:
    """The degrees of an ISO 6709 angle, whose format (D, DM or DMS) follows from its number of integer digits."""
    digits = len(text[1:].partition(".")[0])
    value = abs(float(text))
    if digits == degree_digits + 2:
        value = value // 100 + value % 100 / 60
    elif digits == degree_digits + 4:
        value = value // 10_000 + value // 100 % 100 / 60 + value % 100 / 3600
    elif digits > degree_digits:
        return None
    return -value if text[0] == "-" else value
