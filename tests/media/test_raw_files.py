"""Renditions of raw files, HEIC, AVIF and videos."""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pictures.formats.embedded_previews import preview_of
from pictures.worker_jobs import work
from tests.ingest.makers import LONG, SHORT, UNDEFINED, Tag, box, cr3, raw
from tests.ingest.makers import tiff as tiff_of
from tests.media.gateway import imported, jpeg, running_gateway

TURN = 6
SENSOR: list[Tag] = [(0x0100, LONG, 6000), (0x0101, LONG, 4000), (0x0106, SHORT, 32803)]


def shown(size: tuple[int, int] = (640, 480), **more: Any) -> bytes:
    """A picture with red on the left and blue on the right, stored rotated."""
    made = Image.new("RGB", size, (220, 20, 20))
    made.paste((20, 20, 220), (size[0] // 2, 0, *size))
    return jpeg(made, **more)


def lossless() -> bytes:
    """Sensor data: a lossless JPEG that is larger than the preview."""
    data = shown((1280, 960))
    at = data.index(b"\xff\xc0")
    return data[:at] + b"\xff\xc3" + data[at + 2 :]


def with_places(make: Callable[[int, int], bytes], *parts: bytes) -> bytes:
    """The file with appended parts, to which its tags point."""
    start = len(make(0, 0))
    return make(start, start + len(parts[0])) + b"".join(parts)


def nef() -> bytes:
    """A full preview in the directory of a small one, with sensor data in a subdirectory."""
    small, large = shown((160, 120)), shown()

    def made(first: int, second: int) -> bytes:
        image = [(0x0112, SHORT, TURN), (0x0201, LONG, first), (0x0202, LONG, len(small))]
        inner = [*SENSOR, (0x0111, LONG, second), (0x0117, LONG, len(large))]
        return tiff_of([(0x0100, LONG, 160), (0x0101, LONG, 120), (0x010F, 2, "NIKON CORPORATION"), *image], inner=inner)

    return with_places(made, small, large)


def arw() -> bytes:
    large, sensor = shown(), lossless()

    def made(first: int, second: int) -> bytes:
        more = [(0x0112, SHORT, TURN), (0x0201, LONG, first), (0x0202, LONG, len(large))]
        return raw(make="SONY", more=[*more, (0x0111, LONG, second), (0x0117, LONG, len(sensor))])

    return with_places(made, large, sensor)


def cr2() -> bytes:
    large = shown()

    def made(first: int, _: int) -> bytes:
        strip = [(0x0111, LONG, first), (0x0117, LONG, len(large)), (0x0112, SHORT, TURN), (0x0103, SHORT, 6)]
        return raw(make="Canon", more=strip)

    return with_places(made, large)


def orf() -> bytes:
    return with_places(lambda *_: raw(b"IIRO", make="OLYMPUS", more=[(0x0112, SHORT, TURN)]), shown())


def rw2() -> bytes:
    return raw(b"IIU\0", make="Panasonic", more=[(0x0112, SHORT, TURN), (0x002E, UNDEFINED, shown())])


def raf() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = TURN
    preview = shown(exif=exif)
    head = b"FUJIFILMCCD-RAW 0201FF129502X-T3".ljust(84, b"\0") + struct.pack(">II", 160, len(preview))
    return head.ljust(160, b"\0") + preview


def canon_boxes() -> bytes:
    """A CR3 file whose full preview is the only sample of a track; its orientation is 8."""
    large, first = shown(), shown((160, 120))
    canon = bytes.fromhex("eaf42b5e1c984b88b9fbb7dc406e4d16")
    small = box(b"uuid", canon, bytes(8), box(b"PRVW", bytes(12), struct.pack(">I", len(first)), first))
    whole = cr3()
    before, moov = whole[: whole.index(b"moov") - 4], whole[whole.index(b"moov") + 4 : whole.index(b"mdat") - 4]

    def made(at: int) -> bytes:
        sizes = box(b"stsz", struct.pack(">III", 0, 0, 1), struct.pack(">I", len(large)))
        table = box(b"stbl", sizes, box(b"co64", struct.pack(">IIQ", 0, 1, at)))
        return before + box(b"moov", moov, box(b"trak", box(b"mdia", box(b"minf", table)))) + small

    return made(len(made(0)) + 8) + box(b"mdat", large)


RAW = {"nef": nef, "arw": arw, "cr2": cr2, "orf": orf, "rw2": rw2, "raf": raf, "cr3": canon_boxes}


@pytest.mark.parametrize("kind", RAW)
def test_the_largest_preview_of_a_raw_file_is_rendered_upright(kind: str, tmp_path: Path) -> None:
    file = tmp_path / f"a.{kind}"
    file.write_bytes(RAW[kind]())
    seen = work({"do": "inspect", "path": os.fsencode(file), "video": False})
    assert seen["size"] == [480, 640]
    made = work({"do": "render", "data": file.read_bytes(), "size": [192, 256], "encoding": "JPEG"})
    pixels = np.asarray(Image.open(io.BytesIO(made)).convert("RGB"), dtype=int)
    above, below = pixels[40, 96], pixels[-40, 96]
    red_above = (above[0] > 150, below[2] > 150)
    red_below = (above[2] > 150, below[0] > 150)
    assert all(red_below if kind == "cr3" else red_above)
    assert b"Exif" not in made


def test_other_files_have_no_preview() -> None:
    thumbnail = shown((160, 120))
    plain = with_places(
        lambda at, _: tiff_of([(0x0100, LONG, 640), (0x0101, LONG, 480), (0x0201, LONG, at), (0x0202, LONG, len(thumbnail))]),
        thumbnail,
    )
    assert preview_of(plain) is None
    sensor_only = with_places(lambda at, _: raw(more=[(0x0111, LONG, at), (0x0117, LONG, len(lossless()))]), lossless())
    assert preview_of(sensor_only) is None
    for data in (b"", b"II*\0", b"II*\0\xff\xff\xff\xff", b"FUJIFILMCCD-RAW".ljust(200, b"\xff"), canon_boxes()[:400]):
        assert preview_of(data) is None


def heic() -> bytes:
    from pillow_heif import from_pillow

    out = io.BytesIO()
    from_pillow(Image.open(io.BytesIO(shown())).convert("RGB")).save(out, quality=80)
    return out.getvalue()


def avif() -> bytes:
    out = io.BytesIO()
    Image.open(io.BytesIO(shown())).save(out, "AVIF", speed=10)
    return out.getvalue()


async def test_every_format_has_renditions_over_http(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    files = {"a.nef": nef(), "b.heic": heic(), "c.avif": avif(), "d.cr3": canon_boxes()}
    for name, data in files.items():
        (folder / name).write_bytes(data)
    ended = await imported(tmp_path / "data", folder)
    assert (ended.counters.counts["added"], ended.image_stats.unrenderable if ended.image_stats else None) == (4, 0)
    async with running_gateway(tmp_path / "data") as gateway:
        photos = await gateway.photos("fileName image(width: 200, format: WEBP) { url width height }", token=gateway.token("ana"))
        assert len(photos) == len(files)
        for photo in photos:
            answer = await gateway.get(photo["image"]["url"])
            assert answer.status_code == 200
            served = Image.open(io.BytesIO(answer.content))
            assert served.size == (photo["image"]["width"], photo["image"]["height"])
            assert max(np.asarray(served.convert("RGB").resize((1, 1)))[0, 0]) < 200
            assert (served.height > served.width) == photo["fileName"].endswith(("nef", "cr3"))
