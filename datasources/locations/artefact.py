"""The packed file of places: a manifest with named arrays and texts, mapped into memory.

Layout: 8 magic bytes, the manifest's length (uint64, little endian), the manifest (JSON), then the parts, each at a
multiple of 64 bytes. A part is raw (mapped, shared between processes) or deflated (inflated on each read).
"""

from __future__ import annotations

import json
import math
import mmap
import shutil
import tempfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from datasources.errors import Corrupt
from datasources.locations.paged_arrays import inflate, release_free_memory

DEFAULT_PATH = Path(__file__).with_name("places.bin")
MAGIC = b"PLACES01"
_ALIGNMENT = 64
_LARGE = 1 << 16  # smaller parts are inflated into the heap
_HEADER = len(MAGIC) + 8


class PackedFile:
    """An open file. Parts are read-only; an unknown part raises `KeyError`."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        if self._bytes[: len(MAGIC)] != MAGIC:
            raise Corrupt("places", f"{path.name} is not a packed file of places, or has another format")
        length = int.from_bytes(self._bytes[len(MAGIC) : _HEADER], "little")
        self.manifest: Mapping[str, Any] = json.loads(self._bytes[_HEADER : _HEADER + length])
        self._start = _aligned(_HEADER + length)
        self._parts: Mapping[str, Mapping[str, Any]] = self.manifest["parts"]

    def names(self, prefix: str) -> list[str]:
        """The names of the parts with this prefix, without the prefix."""
        return [name.removeprefix(prefix) for name in self._parts if name.startswith(prefix)]

    def array(self, name: str) -> npt.NDArray[Any]:
        """A part as an array."""
        part = self._parts[name]
        values = np.frombuffer(self._content(name), part["dtype"], math.prod(part["shape"])).reshape(part["shape"])
        values.flags.writeable = False
        return values

    def text(self, name: str) -> bytes:
        """A part as UTF-8 bytes."""
        return bytes(self._content(name))

    def large_text(self, name: str) -> bytes | mmap.mmap:
        """A large part as bytes outside the heap; slices of it are `bytes`."""
        content = self._content(name)
        return content if isinstance(content, bytes | mmap.mmap) else bytes(content)

    def lines(self, name: str) -> list[str]:
        """A part as lines of text."""
        return self.text(name).decode().split("\n")

    def release_pages(self) -> None:
        """Release the memory of mapped pages; they are read from the file again when needed."""
        if hasattr(mmap, "MADV_DONTNEED"):
            self._bytes.madvise(mmap.MADV_DONTNEED)
        release_free_memory()

    def _content(self, name: str) -> bytes | memoryview | mmap.mmap:
        part = self._parts[name]
        begin = self._start + part["offset"]
        content = memoryview(self._bytes)[begin : begin + part["bytes"]]
        if not part["deflated"]:
            return content
        try:
            # Files of earlier versions have no sizes.
            return inflate(content, part["size"]) if part.get("size", 0) > _LARGE else zlib.decompress(content)
        except zlib.error as error:
            raise Corrupt("places", f"the part {name} is damaged") from error


Part = npt.NDArray[Any] | str | bytes | bytearray


def write(path: Path, manifest: Mapping[str, Any], parts: Mapping[str, Part], *, effort: int = 9) -> None:
    """Write a file; the output is deterministic. A part is deflated if that saves 20 %; `effort` is the zlib level."""
    with PackedFileWriter(path, effort=effort) as writing:
        for name, part in parts.items():
            writing.add(name, part)
        writing.finish(manifest)


class PackedFileWriter:
    """Writes a file part by part, to keep only one part in memory; the result equals that of `write`."""

    def __init__(self, path: Path, *, effort: int) -> None:
        self._path, self._effort = path, effort
        self._described: dict[str, dict[str, Any]] = {}
        self._packed = tempfile.TemporaryFile(dir=path.parent)  # noqa: SIM115 - closed by __exit__

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._packed.close()

    def add(self, name: str, part: Part) -> None:
        """Append a part."""
        content, described = _packed(part, self._effort)
        self._described[name] = {**described, "offset": self._packed.tell()}
        self._packed.write(content)
        self._packed.write(bytes(_aligned(len(content)) - len(content)))

    def finish(self, manifest: Mapping[str, Any]) -> None:
        """Write the file, after the last part."""
        head = json.dumps({**manifest, "parts": self._described}, ensure_ascii=False, sort_keys=True).encode()
        self._packed.seek(0)
        with self._path.open("wb") as file:
            file.write((MAGIC + len(head).to_bytes(8, "little") + head).ljust(_aligned(_HEADER + len(head)), b"\0"))
            shutil.copyfileobj(self._packed, file)


def _packed(part: Part, effort: int) -> tuple[bytes | memoryview, dict[str, Any]]:
    layout = {} if isinstance(part, str | bytes | bytearray) else {"dtype": part.dtype.str, "shape": list(part.shape)}
    text = part.encode() if isinstance(part, str) else part
    raw = memoryview(text) if isinstance(text, bytes | bytearray) else np.ascontiguousarray(text).reshape(-1).view("u1").data
    packed = zlib.compress(raw, effort)
    deflated = len(packed) < len(raw) * 0.8
    content = packed if deflated else raw
    return content, {"bytes": len(content), "deflated": deflated, "size": len(raw), **layout}


def _aligned(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT
