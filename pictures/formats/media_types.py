"""Detects the format of a file by its name and by its first bytes."""

from __future__ import annotations

from typing import Final, Literal

Kind = Literal["jpeg", "png", "webp", "gif", "tiff", "orf", "rw2", "raf", "cr3", "heif", "avif", "video"]

_JPEG: Final = frozenset(".jpg .jpeg .jpe .jfif".split())
_PICTURES: Final = frozenset(
    ".heic .heif .hif .png .tif .tiff .webp .avif .gif .bmp .jxl .psd .cr2 .cr3 .crw .nef .nrw .arw .sr2 .srf .dng .raf .orf"
    " .rw2 .pef .srw .x3f .3fr .insp".split()
)
_VIDEOS: Final = frozenset(".mp4 .mov .m4v .3gp .3g2 .qt .avi .mts .m2ts .mkv .webm .mpg .mpeg .wmv .flv .insv .mp".split())
_LIVE_VIDEOS: Final = frozenset(".mov .mp4 .m4v .qt .3gp .mp".split())
_LIVE_STILLS: Final = frozenset(".jpg .jpeg .heic .heif .hif .png .dng .avif".split())
_ARCHIVES: Final = frozenset(".zip .tar .tgz .gz .bz2 .xz .7z .rar .tbz .txz .zst".split())
_SYSTEM_FILES: Final = frozenset({"thumbs.db", "ehthumbs.db", "desktop.ini", "__macosx", "@eadir", "icon\r"})
_TRASH: Final = frozenset("$recycle.bin recycler #recycle @recycle #snapshot @recently-snapshot".split()) | {
    "system volume information",
    "network trash folder",
}
"""Folders of deleted files of Windows, Synology, QNAP and Apple; those of Linux and macOS (`.Trash-1000`) are hidden."""
_SIGNATURES: Final[tuple[tuple[bytes, Kind], ...]] = (
    (b"\xff\xd8", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"FUJIFILMCCD-RAW", "raf"),
    (b"IIRO", "orf"),
    (b"IIRS", "orf"),
    (b"MMOR", "orf"),
    (b"IIU\0", "rw2"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
    (b"II+\0", "tiff"),
    (b"MM\0+", "tiff"),
)
_UNSUPPORTED: Final = (
    (b"BM", "a BMP picture"),
    (b"8BPS", "a Photoshop file"),
    (b"\xff\x0a", "a JPEG XL picture"),
    (b"\0\0\0\x0cJXL ", "a JPEG XL picture"),
    (b"II\x1a\0\0\0HEAPCCDR", "a raw picture of the old Canon kind"),
    (b"FOVb", "a Sigma raw picture"),
    (b"\x1a\x45\xdf\xa3", "a Matroska video"),
    (b"\0\0\1\xba", "an MPEG video"),
    (b"\0\0\1\xb3", "an MPEG video"),
    (b"0&\xb2u\x8ef\xcf\x11", "a Windows Media video"),
    (b"FLV\1", "a Flash video"),
)
_ARCHIVE_SIGNATURES: Final = (
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ\0",
    b"7z\xbc\xaf",
    b"Rar!",
    b"\x28\xb5\x2f\xfd",
)
_HEIF: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"mif2"})
_QUICKTIME_ATOMS: Final = frozenset({b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})  # QuickTime before it had `ftyp`


def ending(name: str) -> str:
    """The extension in lower case with its dot; empty if there is none."""
    stem, dot, end = name.rpartition(".")
    return f".{end.lower()}" if dot and stem else ""


def kind_of_name(name: str) -> Literal["picture", "video", "archive", "other"]:
    """The kind of file by its extension; `other` if it is no kind that a photo library contains."""
    end = ending(name)
    if end in _JPEG or end in _PICTURES:
        return "picture"
    if end in _VIDEOS:
        return "video"
    return "archive" if end in _ARCHIVES else "other"


def is_jpeg_name(name: str) -> bool:
    """Whether the file has the extension of a JPEG file."""
    return ending(name) in _JPEG


def may_be_still(name: str) -> bool:
    """Whether the file can be the still of a live photo."""
    return ending(name) in _LIVE_STILLS


def may_be_motion(name: str) -> bool:
    """Whether the file can be the video of a live photo."""
    return ending(name) in _LIVE_VIDEOS


def kind_of_start(start: bytes) -> Kind | None:
    """The format by the first 64 bytes; None if it is not supported."""
    if start[4:8] == b"ftyp":
        length = min(int.from_bytes(start[:4]), len(start))
        brands = {start[8:12], *(start[at : at + 4] for at in range(16, length, 4))}
        if start[8:12] == b"crx ":
            return "cr3"
        if brands & {b"avif", b"avis"}:
            return "avif"
        return "heif" if start[8:12] in _HEIF else "video"
    if start[4:8] in _QUICKTIME_ATOMS:
        return "video"
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "webp"
    return next((kind for magic, kind in _SIGNATURES if start.startswith(magic)), None)


def phrase_of_start(start: bytes) -> str | None:
    """A phrase that names an unsupported format; None if it is unknown."""
    if start[:4] == b"RIFF":
        return "an AVI video" if start[8:11] == b"AVI" else "a RIFF file"
    if start[:1] == b"\x47" and start[188:189] == b"\x47":
        return "an MPEG video"
    if start[4:5] == b"\x47" and start[196:197] == b"\x47":
        return "an AVCHD video"
    return next((kind for magic, kind in _UNSUPPORTED if start.startswith(magic)), None)


def is_packed(start: bytes) -> bool:
    """Whether the first bytes are those of an archive."""
    return start.startswith(_ARCHIVE_SIGNATURES) or start[257:262] == b"ustar"


def reason_to_skip(name: str) -> str | None:
    """Why a file or folder is skipped because of its name; None if it is not."""
    if name.lower() in _SYSTEM_FILES:
        return "is created by an operating system"
    if name.lower() in _TRASH:
        return "is a folder of deleted files"
    if name.lower().startswith(".trash"):
        return "is a folder of deleted files"
    if name.startswith("."):
        return "is hidden"
    return None
