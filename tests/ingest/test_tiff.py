"""Compares the TIFF reader with that of Pillow, which is slower and has no limits."""

from __future__ import annotations

import io
import math
import os
import random
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ingest.formats.exif import read_tags
from pictures.formats.jpeg_header import read_header
from pictures.formats.tiff import Directory
from tests.ingest.makers import GPS, picture

TEXTS = ["", "x", "abc", "a longer text than four bytes"]


def same(ours: Any, theirs: Any) -> bool:
    """Whether values are equal. Pillow returns texts without terminator, single bytes as bytes, and fractions that may be NaN."""
    if isinstance(theirs, str):
        return isinstance(ours, bytes) and ours.split(b"\0", 1)[0].decode("latin-1") == theirs.split("\0", 1)[0]
    if isinstance(theirs, bytes):
        return bool(ours == theirs)
    if isinstance(theirs, tuple):
        if isinstance(ours, bytes):
            return tuple(ours) == theirs
        return isinstance(ours, tuple) and len(ours) == len(theirs) and all(same(a, b) for a, b in zip(ours, theirs, strict=True))
    if isinstance(ours, bytes):
        return ours == bytes([int(theirs)])
    return math.isclose(ours, float(theirs), rel_tol=1e-9) or (math.isnan(ours) and math.isnan(float(theirs)))


def compare(content: bytes) -> int:
    header = read_header(content)
    assert header.exif is not None
    tags = read_tags(header.exif)
    assert tags is not None
    theirs = Image.open(io.BytesIO(content)).getexif()
    pairs: list[tuple[Directory, dict[int, Any]]] = [
        (tags.image, dict(theirs)),
        (tags.photo, theirs.get_ifd(0x8769)),
        (tags.gps, theirs.get_ifd(0x8825)),
    ]
    count = 0
    for ours, expected in pairs:
        for tag, value in expected.items():
            if tag not in {0x8769, 0x8825, 0xA005, 0x927C}:  # Pillow returns the contents of these
                assert same(ours.get(tag), value), (hex(tag), ours.get(tag), value)
                count += 1
    return count


@pytest.mark.parametrize("seed", range(20))
def test_both_readers_return_the_same_tags(seed: int) -> None:
    rng = random.Random(seed)
    exif = Image.Exif()
    exif.endian = rng.choice("<>")
    for tag in (0x010E, 0x010F, 0x0110, 0x0131, 0x013B, 0x8298):
        exif[tag] = rng.choice(TEXTS) or "y"
    exif[0x0112] = rng.randrange(1, 9)
    exif[0x9C9B] = bytes(rng.randrange(256) for _ in range(rng.randrange(1, 30)))
    photo = {
        0x829A: rng.random(),
        0x829D: rng.uniform(1, 30),
        0x8827: rng.randrange(1, 60_000),
        0x920A: rng.uniform(1, 900),
    }
    exif.get_ifd(0x8769).update(photo | {0x9003: "2024:05:01 10:00:00", 0x9286: b"ASCII\0\0\0words"})
    exif.get_ifd(0x8825).update(GPS)
    assert compare(picture("JPEG", exif=exif.tobytes())) > 15


@pytest.mark.skipif("PHOTO_SAMPLES" not in os.environ, reason="PHOTO_SAMPLES is not set to a folder with the 12 camera files")
def test_both_readers_return_the_same_tags_of_real_camera_files() -> None:
    contents = [path.read_bytes() for path in sorted(Path(os.environ["PHOTO_SAMPLES"]).glob("*.jpg"))]
    assert sum(compare(content) for content in contents if b"Exif\0\0" in content[:4_000]) > 200
