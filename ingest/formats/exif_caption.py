"""Reads the caption from EXIF and ignores default texts of cameras and programs."""

from __future__ import annotations

import re
from typing import Any

from ingest.formats.exif import ExifTags, clean_text, text_of
from resolvers.importing.records import MAX_CAPTION

_DESCRIPTION, _XP_TITLE, _XP_COMMENT, _USER_COMMENT = 0x010E, 0x9C9B, 0x9C9C, 0x9286
# Default texts of firmware and programs, collected from public sample sets.
_JUNK = re.compile(
    r"(olympus|sony|minolta|konica minolta|pentax|kodak|samsung|vivitar|polaroid|hp|digital|ricoh|casio|sanyo|benq)?"
    r"[ _]*(digital (still )?camera|dsc|camera)"
    r"|exif[_ ]jpeg[_ ](picture|t422|420)|jpeg|default|untitled|samsung|<kenox.*|<digimax.*|dcf?im?[\\/].*|dsc[fn]?\d+"
    r"|charset=ascii|binary comment|ascii|unicode|lead technologies.*|created with (the )?gimp.*|creator: gd-jpeg.*"
    r"|file texts by adobe photoshop.*|processed (with|by) .*|(cof|edf|dav|bty|fbt|ptr|mde|hdrpl|maxc|sdr|nor|rbt)+;?"
    r"|iftt|image description|picture|photo|[\W_0]*|\d+|(filter|fileterintensity): .*",
    re.IGNORECASE | re.DOTALL,
)


def caption(tags: ExifTags) -> str | None:
    """The first of description, title and comment that is not a default text, truncated to the limit of a record."""
    texts = (
        text_of(tags.image.get(_DESCRIPTION)),
        _xp_text(tags.image.get(_XP_TITLE)),
        _xp_text(tags.image.get(_XP_COMMENT)),
        _user_comment(tags.photo.get(_USER_COMMENT)),
    )
    return next((text[:MAX_CAPTION] for text in texts if text and not _JUNK.fullmatch(text)), None)


def _xp_text(value: Any) -> str:
    """The text of an XP tag, in which Windows Explorer stores UTF-16 as bytes."""
    raw = bytes(value) if _is_bytes(value) else b""
    return clean_text(raw.decode("utf-16-le", "replace").split("\0", 1)[0])


def _user_comment(value: Any) -> str:
    """The text of a UserComment. Its first 8 bytes name the character set; Unicode may have another byte order than the file."""
    raw = bytes(value) if _is_bytes(value) else b""
    kind, body = raw[:8].rstrip(b"\0 ").upper(), raw[8:]
    if kind == b"UNICODE":
        if body[:2] in {b"\xff\xfe", b"\xfe\xff"}:
            return clean_text(body.decode("utf-16", "replace"))
        big = body[0::2].count(0) > body[1::2].count(0)
        return clean_text(body.decode("utf-16-be" if big else "utf-16-le", "replace").rstrip("\0"))
    if kind == b"JIS":
        return clean_text(body.decode("iso2022_jp", "replace"))
    return text_of(body) if kind in {b"ASCII", b""} else text_of(raw)


def _is_bytes(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(isinstance(v, int) and 0 <= v <= 255 for v in value)  # noqa: PLR2004
    return isinstance(value, bytes)
