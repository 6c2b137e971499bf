"""Reads the texts of EXIF and ignores default texts of cameras and programs."""

from __future__ import annotations

import re
from typing import Any

from ingest.formats.exif import ExifTags, clean_text, one_line, text_of

_DESCRIPTION, _USER_COMMENT = 0x010E, 0x9286
_XP = {"XPTitle": 0x9C9B, "XPComment": 0x9C9C, "XPSubject": 0x9C9F}
_XP_KEYWORDS = 0x9C9E
_MAX_JUNK = 500  # longer texts are never default texts
# Names of programs and libraries that write a text about themselves into pictures.
_TOOL = (
    r"(?:gimp|adobe|(?:adobe )?(?:photoshop|imageready|lightroom|illustrator)|imagemagick|graphicsmagick|paint\.net"
    r"|(?:ms |microsoft )?paint|paint ?shop(?: pro)?|corel[\w ]*|inkscape|krita|blender|ezgif(?:\.com)?|gifsicle|giphy"
    r"|acdsee|xnview|xv|irfanview|picasa|photoscape|pixelmator|affinity \w+|snagit|greenshot|shutter|flameshot|matlab"
    r"|matplotlib|ffmpeg|lavc|lavf|handbrake|gd-jpeg|libgd|libpng|libjpeg[\w-]*|mozjpeg|jpegmini|ijg jpeg[\w ]*"
    r"|intel\(r\) [\w ]+|handmade software|ulead[\w ]*|instagram|snapseed|vsco|facetune|picsart|canva|midjourney)"
)
_VERB = (
    r"(?:\w+ )?(?:created|made|generated|edited|exported|converted|rendered|produced|saved|processed|drawn|encoded|compressed"
    r"|optimi[sz]ed|resized|cropped|comment|written) (?:with|by|using|in|from|on) (?:the )?"
)
# Default texts of firmware and programs, collected from public sample sets.
_JUNK = re.compile(
    r"(olympus|sony|minolta|konica minolta|pentax|kodak|samsung|vivitar|polaroid|hp|digital|ricoh|casio|sanyo|benq)?"
    r"[ _]*(digital (still )?camera|dsc|camera)"
    r"|exif[_ ]jpeg[_ ](picture|t422|420)|jpeg|default|untitled|samsung|<kenox.*|<digimax.*|dcf?im?[\\/].*"
    r"|dsc[fn]?\d+"
    r"|charset=ascii|binary comment|ascii|unicode|creator: gd-jpeg.*|jpeg encoder copyright .*"
    r"|copyright \(c\) 1998 hewlett-packard.*"
    r"|file (texts|written) by .*|processed (with|by) .*|(cof|edf|dav|bty|fbt|ptr|mde|hdrpl|maxc|sdr|nor|rbt)+;?"
    r"|iftt|image description|picture|photo|screenshot|[\W_0]*|\d+|(filter|fileterintensity): .*"
    rf"|applemark|lead technologies.*|{_VERB}{_TOOL}\b.*|{_TOOL}[ /_-]*v?\d[\w.-]*( \(.*\))?",
    re.IGNORECASE | re.DOTALL,
)


def texts(tags: ExifTags) -> dict[str, str]:
    """Descriptions, titles and comments by their tags, without default texts."""
    found = {
        "ImageDescription": text_of(tags.image.get(_DESCRIPTION)),
        "UserComment": _user_comment(tags.photo.get(_USER_COMMENT)),
    }
    found |= {name: _xp_text(tags.image.get(tag)) for name, tag in _XP.items()}
    return {name: text for name, text in found.items() if is_written_by_a_person(text)}


def keywords(tags: ExifTags) -> list[str]:
    """The keywords of Windows Explorer, which are separated by semicolons."""
    words = [one_line(word) for word in _xp_text(tags.image.get(_XP_KEYWORDS)).split(";")]
    return [word for word in dict.fromkeys(words) if word]


def is_written_by_a_person(text: str) -> bool:
    """Whether the text is neither empty nor a default text of a camera or program."""
    return bool(text) and (len(text) > _MAX_JUNK or not _JUNK.fullmatch(text))


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
