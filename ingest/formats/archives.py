"""Lists zip and tar archives in worker processes and copies single members. Members are never unpacked under their own names."""

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

from pictures.formats.errors import BadFile
from workers.worker_process import extend_deadline

_CHUNK: Final = 1 << 20
_MAX_MEMBERS: Final = 500_000
_MAX_RATIO, _MIN_RATIO_CHECK_BYTES = 200, 64 << 20
_MIN_FREE_DISK: Final = 512 << 20
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


class ArchiveMember(msgspec.Struct):
    """One file of an archive. `position` is its number in a zip or its offset in a tar; `reason` says why it cannot be read.

    `stamp` is the CRC in a zip and the modification time in a tar.
    """

    name: bytes
    size: int
    position: int
    stamp: int = 0
    reason: str = ""


class ArchiveListing(msgspec.Struct):
    """The members of an archive in its order; `reason` says why it cannot be listed."""

    members: list[ArchiveMember] = []
    reason: str = ""
    unpacked: bool = False
    """Whether the archive was a compressed tar, which is now unpacked at the path of the job."""


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


_open_zip: dict[bytes, zipfile.ZipFile] = {}


def list_archive(path: bytes, target: bytes) -> ArchiveListing:
    """Lists a zip or tar. A compressed tar is first unpacked to `target`, because its members have no offsets in the file."""
    try:
        if zipfile.is_zipfile(os.fsdecode(path)):
            return ArchiveListing(_zip_members(path))
        opener = _opener(path)
        if opener is None:
            return ArchiveListing(_tar_members(path))
        with opener as compressed:
            _copy(compressed, target, limit=max(1 << 30, os.stat(path).st_size * _MAX_RATIO))  # noqa: PTH116  (bytes)
        return ArchiveListing(_tar_members(target), unpacked=True)
    except BadFile as bad:
        return ArchiveListing(reason=str(bad))
    except tarfile.TarError:
        return ArchiveListing(reason="is damaged, truncated, or not a supported archive")
    except _DAMAGE as error:
        return ArchiveListing(reason=_reason(error))


def copy_member(path: bytes, member: int, target: bytes) -> None:
    """Copies one member of a zip to `target`. Raises `BadFile`."""
    try:
        found = _zip(path)
        info = found.infolist()[member]
        with found.open(info) as compressed:
            _copy(compressed, target, limit=info.file_size)
    except _DAMAGE as error:
        raise BadFile(f"is damaged in its archive: {_reason(error)}") from None


def copy_range(path: bytes, offset: int, size: int, target: bytes) -> None:
    """Copies one member of an uncompressed tar to `target`. Raises `BadFile` if the archive is truncated."""
    with open(path, "rb") as file:  # noqa: PTH123  (bytes)
        file.seek(offset)
        if _copy(_Limited(file, size), target, limit=size) < size:
            raise BadFile("is truncated in its archive")


class _Limited:
    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file, self._remaining = file, size

    def read(self, size: int, /) -> bytes:
        chunk = self._file.read(min(size, self._remaining))
        self._remaining -= len(chunk)
        return chunk


def _copy(source: _Readable, target: bytes, *, limit: int) -> int:
    count, part = 0, target + b".part"
    with open(part, "wb") as out:  # noqa: PTH123  (bytes)
        while chunk := source.read(_CHUNK):
            count += len(chunk)
            if count > limit:
                raise BadFile("expands to more than its declared size or than the limit of an archive")
            if count % (64 * _CHUNK) < _CHUNK:
                extend_deadline()
                if (disk := os.statvfs(out.fileno())).f_bavail * disk.f_frsize < _MIN_FREE_DISK:
                    raise BadFile("does not fit on the disk of the data folder")
            out.write(chunk)
    os.replace(part, target)  # noqa: PTH105  (a file at `target` is always complete)
    return count


def _zip(path: bytes) -> zipfile.ZipFile:
    if path not in _open_zip:
        for old in _open_zip.values():
            old.close()
        _open_zip.clear()
        _open_zip[path] = zipfile.ZipFile(os.fsdecode(path))
    return _open_zip[path]


def _zip_members(path: bytes) -> list[ArchiveMember]:
    infos = _zip(path).infolist()
    if len(infos) > _MAX_MEMBERS:
        raise BadFile("contains more than 500,000 files")
    return [
        ArchiveMember(_name(info), info.file_size, at, info.CRC, _zip_reason(info))
        for at, info in enumerate(infos)
        if not info.is_dir()
    ]


def _zip_reason(info: zipfile.ZipInfo) -> str:
    if stat.S_ISLNK(info.external_attr >> 16) and info.create_system == 3:  # noqa: PLR2004  (Unix)
        return "is a link, and links are not followed"
    if info.flag_bits & 0x1:
        return "is encrypted: unpack the archive first"
    if info.compress_type not in _METHODS:
        return "has a compression method that is not supported: unpack the archive first"
    if info.file_size > _MIN_RATIO_CHECK_BYTES and info.file_size > _MAX_RATIO * max(info.compress_size, 1):
        return "expands to more than 200 times its size"
    return ""


def _name(info: zipfile.ZipInfo) -> bytes:
    """The name in UTF-8. Many programs write UTF-8 without setting its flag; zipfile then decodes the name as CP437."""
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
    """Decompresses xz with a memory limit, which `lzma.open` does not support."""

    def __init__(self, path: bytes) -> None:
        self._file = open(path, "rb")  # noqa: PTH123, SIM115  (closed below)
        self._unpack = lzma.LZMADecompressor(memlimit=_LZMA_MEMORY)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def read(self, size: int, /) -> bytes:
        while not self._unpack.eof:
            compressed = self._file.read(_CHUNK) if self._unpack.needs_input else b""
            chunk = self._unpack.decompress(compressed, size)
            if chunk:
                return chunk
            if not compressed and self._unpack.needs_input:
                raise EOFError("truncated")
        return b""


def _tar_members(path: bytes) -> list[ArchiveMember]:
    members: list[ArchiveMember] = []
    with tarfile.open(os.fsdecode(path), "r:") as found:
        for info in _infos(found, members):
            reason = "" if info.isreg() and not info.issparse() else _tar_reason(info)
            if not info.isdir():
                name = info.name.encode("utf-8", "surrogateescape")
                members.append(ArchiveMember(name, info.size if info.isreg() else 0, info.offset_data, int(info.mtime), reason))
            if len(members) > _MAX_MEMBERS:
                raise BadFile("contains more than 500,000 files")
    return members


def _infos(found: tarfile.TarFile, members: list[ArchiveMember]) -> Iterator[tarfile.TarInfo]:
    """The members up to the first damage, which is added to `members` as an entry that cannot be read."""
    try:
        while (info := found.next()) is not None:
            found.members = []  # type: ignore[attr-defined]  # tarfile would otherwise keep all members in memory
            yield info
    except (tarfile.TarError, EOFError, ValueError, OSError):
        if not members:
            raise
        members.append(
            ArchiveMember(b"(the rest of the archive)", 0, 0, 0, "cannot be read: the archive is damaged or truncated")
        )


def _tar_reason(info: tarfile.TarInfo) -> str:
    if info.issym() or info.islnk():
        return "is a link, and links are not followed"
    return "is a sparse file, which is not supported" if info.issparse() else "is not a regular file"


def _reason(error: Exception) -> str:
    if isinstance(error, lzma.LZMAError) and "memory" in str(error).lower():
        return "needs more memory than allowed"
    return "it is damaged or truncated"
