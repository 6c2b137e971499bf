"""What a file is, by its name and by its first bytes."""

from __future__ import annotations

from typing import Literal

_JPEG_ENDINGS = (".jpg", ".jpeg", ".jpe", ".jfif")
_PICTURE_ENDINGS = (
    ".heic", ".heif", ".png", ".tif", ".tiff", ".webp", ".avif", ".gif", ".bmp", ".jxl", ".psd", ".cr2", ".cr3", ".crw",
    ".nef", ".nrw", ".arw", ".sr2", ".dng", ".raf", ".orf", ".rw2", ".pef", ".srw", ".mp4", ".mov", ".m4v", ".avi",
    ".3gp", ".mts", ".m2ts", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv", ".insp", ".insv",
)  # fmt: skip
_LEFT_BY_SYSTEMS = frozenset({"thumbs.db", "ehthumbs.db", "desktop.ini", "__macosx", "$recycle.bin", "@eadir", "icon\r"})
_STARTS = (
    (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (b"GIF8", "a GIF picture"),
    (b"BM", "a BMP picture"),
    (b"8BPS", "a Photoshop file"),
    (b"FUJIFILM", "a raw picture"),
    (b"II*\0", "a TIFF or raw picture"),
    (b"MM\0*", "a TIFF or raw picture"),
    (b"IIRO", "a raw picture"),
    (b"IIU\0", "a raw picture"),
    (b"\x1a\x45\xdf\xa3", "a video"),
    (b"PK\x03\x04", "a zip archive"),
)
_BRANDS = {b"heic": "a HEIC picture", b"heix": "a HEIC picture", b"mif1": "a HEIF picture", b"msf1": "a HEIF picture"}
_BRANDS |= {b"avif": "an AVIF picture", b"avis": "an AVIF picture", b"crx ": "a raw picture"}


def kind_of_name(name: str) -> Literal["jpeg", "picture", "other"]:
    """What the ending promises; `other` is nothing a photo library would miss."""
    lowered = name.lower()
    if lowered.endswith(_JPEG_ENDINGS):
        return "jpeg"
    return "picture" if lowered.endswith(_PICTURE_ENDINGS) else "other"


def kind_of_start(start: bytes) -> str | None:
    """What the first 32 bytes say, as a phrase; None if nothing known."""
    if start[4:8] == b"ftyp":
        return _BRANDS.get(start[8:12], "a video")
    if start[:4] == b"RIFF":
        return "a WebP picture" if start[8:12] == b"WEBP" else "a video"
    return next((kind for magic, kind in _STARTS if start.startswith(magic)), None)


def reason_to_skip(name: str) -> str | None:
    """Why a file or folder is left alone by its name, if it is."""
    if name.lower() in _LEFT_BY_SYSTEMS:
        return "is left by an operating system"
    if name.startswith("."):
        return "is hidden"
    return None
