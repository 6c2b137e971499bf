"""What a person wrote into a picture, told apart from what cameras and programs write there unasked."""

from __future__ import annotations

import re
from typing import Any

from ingest.formats.exif import Tags, cleaned, text_of
from resolvers.importing.records import MAX_CAPTION

_DESCRIPTION, _XP_TITLE, _XP_COMMENT, _USER_COMMENT = 0x010E, 0x9C9B, 0x9C9C, 0x9286
# Filled in by firmware and programs, gathered from public sample sets; compared without case and outer signs.
_JUNK = re.compile(
    r"(olympus|sony|minolta|konica minolta|pentax|kodak|samsung|vivitar|polaroid|hp|digital|ricoh|casio|sanyo|benq)?"
    r"[ _]*(digital (still )?camera|dsc|camera)"
    r"|exif[_ ]jpeg[_ ](picture|t422|420)|jpeg|default|untitled|samsung|<kenox.*|<digimax.*|dcf?im?[\\/].*|dsc[fn]?\d+"
    r"|charset=ascii|binary comment|ascii|unicode|lead technologies.*|created with (the )?gimp.*|creator: gd-jpeg.*"
    r"|file written by adobe photoshop.*|processed (with|by) .*|(cof|edf|dav|bty|fbt|ptr|mde|hdrpl|maxc|sdr|nor|rbt)+;?"
    r"|iftt|image description|picture|photo|[\W_0]*|\d+|(filter|fileterintensity): .*",
    re.IGNORECASE | re.DOTALL,
)


def caption(tags: Tags) -> str | None:
    """The first that somebody wrote of description, title, comment; shortened to what a record takes."""
    written = (
        text_of(tags.image.get(_DESCRIPTION)),
        _windows(tags.image.get(_XP_TITLE)),
        _windows(tags.image.get(_XP_COMMENT)),
        _commented(tags.photo.get(_USER_COMMENT)),
    )
    return next((text[:MAX_CAPTION] for text in written if text and not _JUNK.fullmatch(text)), None)


def _windows(value: Any) -> str:
    """Windows Explorer writes UTF-16 into tags of bytes."""
    raw = bytes(value) if _is_bytes(value) else b""
    return cleaned(raw.decode("utf-16-le", "replace").split("\0", 1)[0])


def _commented(value: Any) -> str:
    """Eight bytes name the character set; Unicode is in either byte order, whatever the rest of the file uses."""
    raw = bytes(value) if _is_bytes(value) else b""
    kind, body = raw[:8].rstrip(b"\0 ").upper(), raw[8:]
    if kind == b"UNICODE":
        if body[:2] in {b"\xff\xfe", b"\xfe\xff"}:
            return cleaned(body.decode("utf-16", "replace"))
        big = body[0::2].count(0) > body[1::2].count(0)
        return cleaned(body.decode("utf-16-be" if big else "utf-16-le", "replace").rstrip("\0"))
    if kind == b"JIS":
        return cleaned(body.decode("iso2022_jp", "replace"))
    return text_of(body) if kind in {b"ASCII", b""} else text_of(raw)


def _is_bytes(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(isinstance(v, int) and 0 <= v <= 255 for v in value)  # noqa: PLR2004
    return isinstance(value, bytes)
