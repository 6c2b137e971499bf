"""Zip and tar in worker processes: their lists of contents, and single members copied out. Nothing is unpacked by name."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from typing import IO, Any, Final, Protocol, Self

import msgspec

from ingest.formats.metadata import BadFile
from workers.worker_process import extend_deadline

_STEP: Final = 1 << 20
_MAX_MEMBERS: Final = 500_000
_RATIO, _FREE_OF_RATIO = 200, 64 << 20
_SPARE_DISK: Final = 512 << 20
_LZMA_MEMORY: Final = 256 << 20
_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2})
_DAMAGE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    ValueError,
    RuntimeError,
    NotImplementedError,
    lzma.LZMAError,
)


class Member(msgspec.Struct):
    """One file of an archive: `at` is its number in a zip, its first byte in a tar; `reason` says why it cannot be read."""

    name: bytes
    size: int
    at: int
    stamp: int = 0
    reason: str = ""


class Listing(msgspec.Struct):
    """What an archive holds, in its order; `reason` where it cannot be listed."""

    members: list[Member] = []
    reason: str = ""
    unpacked: bool = False
    """The archive was packed as a whole, and lies unpacked where the job said."""


class _Reads(Protocol):
    def read(self, size: int, /) -> bytes: ...


_open_zip: dict[bytes, zipfile.ZipFile] = {}


def list_archive(path: bytes, to: bytes) -> Listing:
    """Of a zip, a tar or a packed tar; the last is unpacked to `to` first, because members of it cannot be found again."""
    try:
        if zipfile.is_zipfile(os.fsdecode(path)):
            return Listing(_zip_members(path))
        opener = _opener(path)
        if opener is None:
            return Listing(_tar_members(path))
        with opener as packed:
            _pour(packed, to, limit=max(1 << 30, os.stat(path).st_size * _RATIO))  # noqa: PTH116  (bytes)
        return Listing(_tar_members(to), unpacked=True)
    except BadFile as bad:
        return Listing(reason=str(bad))
    except tarfile.TarError:
        return Listing(reason="is damaged, cut off, or no archive that can be read")
    except _DAMAGE as error:
        return Listing(reason=_why(error))


def copy_member(path: bytes, member: int, to: bytes) -> None:
    """Copies one member of a zip out. Raises BadFile."""
    try:
        found = _zip(path)
        info = found.infolist()[member]
        with found.open(info) as packed:
            _pour(packed, to, limit=info.file_size)
    except _DAMAGE as error:
        raise BadFile(f"is damaged in its archive: {_why(error)}") from None


def copy_range(path: bytes, at: int, size: int, to: bytes) -> None:
    """Copies one member of a plain tar out. Raises BadFile where the archive ends before it."""
    with open(path, "rb") as file:  # noqa: PTH123  (bytes)
        file.seek(at)
        if _pour(_Limited(file, size), to, limit=size) < size:
            raise BadFile("is cut off in its archive")


class _Limited:
    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file, self._left = file, size

    def read(self, size: int, /) -> bytes:
        chunk = self._file.read(min(size, self._left))
        self._left -= len(chunk)
        return chunk


def _pour(source: _Reads, to: bytes, *, limit: int) -> int:
    count, part = 0, to + b".part"
    with open(part, "wb") as out:  # noqa: PTH123  (bytes)
        while chunk := source.read(_STEP):
            count += len(chunk)
            if count > limit:
                raise BadFile("unpacks to far more than it says or than photos ever do")
            if count % (64 * _STEP) < _STEP:
                extend_deadline()
                if (disk := os.statvfs(out.fileno())).f_bavail * disk.f_frsize < _SPARE_DISK:
                    raise BadFile("does not fit on the disk of the data folder")
            out.write(chunk)
    os.replace(part, to)  # noqa: PTH105  (what stands at `to` is whole)
    return count


def _zip(path: bytes) -> zipfile.ZipFile:
    if path not in _open_zip:
        for old in _open_zip.values():
            old.close()
        _open_zip.clear()
        _open_zip[path] = zipfile.ZipFile(os.fsdecode(path))
    return _open_zip[path]


def _zip_members(path: bytes) -> list[Member]:
    infos = _zip(path).infolist()
    if len(infos) > _MAX_MEMBERS:
        raise BadFile("holds more than 500,000 files")
    return [
        Member(_name(info), info.file_size, at, info.CRC, _zip_reason(info)) for at, info in enumerate(infos) if not info.is_dir()
    ]


def _zip_reason(info: zipfile.ZipInfo) -> str:
    if stat.S_ISLNK(info.external_attr >> 16) and info.create_system == 3:  # noqa: PLR2004  (Unix)
        return "is a link, and links are not followed"
    if info.flag_bits & 0x1:
        return "is encrypted: unpack the archive first"
    if info.compress_type not in _METHODS:
        return "is packed by a method that is not read: unpack the archive first"
    if info.file_size > _FREE_OF_RATIO and info.file_size > _RATIO * max(info.compress_size, 1):
        return "unpacks to far more than photos ever do"
    return ""


def _name(info: zipfile.ZipInfo) -> bytes:
    """UTF-8; many programs write it without saying so, and then it was taken for the letters of DOS."""
    if not info.flag_bits & 0x800:
        with suppress(UnicodeError):
            return info.filename.encode("cp437").decode().encode()
    return info.filename.encode("utf-8", "surrogateescape")


def _opener(path: bytes) -> Any:
    with open(path, "rb") as file:  # noqa: PTH123
        start = file.read(6)
    if start.startswith(b"\x1f\x8b"):
        return gzip.open(path)
    if start.startswith(b"BZh"):
        return bz2.open(path)
    return _Xz(path) if start.startswith(b"\xfd7zXZ\0") else None


class _Xz:
    """lzma.open takes no bound for the memory that the file may demand."""

    def __init__(self, path: bytes) -> None:
        self._file = open(path, "rb")  # noqa: PTH123, SIM115  (closed below)
        self._unpack = lzma.LZMADecompressor(memlimit=_LZMA_MEMORY)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def read(self, size: int, /) -> bytes:
        while not self._unpack.eof:
            packed = self._file.read(_STEP) if self._unpack.needs_input else b""
            chunk = self._unpack.decompress(packed, size)
            if chunk:
                return chunk
            if not packed and self._unpack.needs_input:
                raise EOFError("cut off")
        return b""


def _tar_members(path: bytes) -> list[Member]:
    members: list[Member] = []
    with tarfile.open(os.fsdecode(path), "r:") as found:
        for info in _infos(found, members):
            reason = "" if info.isreg() and not info.issparse() else _tar_reason(info)
            if not info.isdir():
                name = info.name.encode("utf-8", "surrogateescape")
                members.append(Member(name, info.size if info.isreg() else 0, info.offset_data, int(info.mtime), reason))
            if len(members) > _MAX_MEMBERS:
                raise BadFile("holds more than 500,000 files")
    return members


def _infos(found: tarfile.TarFile, members: list[Member]) -> Iterator[tarfile.TarInfo]:
    """As far as the archive can be read; a last entry then says that it ends too early."""
    try:
        while (info := found.next()) is not None:
            found.members = []  # type: ignore[attr-defined]  # else the library keeps them all
            yield info
    except (tarfile.TarError, EOFError, ValueError, OSError):
        if not members:
            raise
        members.append(Member(b"(the rest of the archive)", 0, 0, 0, "cannot be read: the archive is damaged or cut off"))


def _tar_reason(info: tarfile.TarInfo) -> str:
    if info.issym() or info.islnk():
        return "is a link, and links are not followed"
    return "is packed by a method that is not read" if info.issparse() else "is no regular file"


def _why(error: Exception) -> str:
    if isinstance(error, lzma.LZMAError) and "memory" in str(error).lower():
        return "needs more memory than it may have"
    return "it is damaged or cut off"
