"""Stills of videos."""

from __future__ import annotations

import asyncio
import io
import math
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from indexing.open_stores import open_exclusive
from pictures.video_still import still
from tests.media.gateway import RunningGateway, imported, running_gateway


def film(path: Path, *, turned: int = 0, black: int = 10, frames: int = 40) -> Path:
    """A video that is first black, then red above blue."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        stream.time_base = Fraction(1, 10)
        for n in range(frames):
            pixels = np.zeros((96, 160, 3), dtype=np.uint8)
            if n >= black:
                pixels[:48, :, 0], pixels[48:, :, 2] = 220, 220
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    if turned:
        turn(path, turned)
    return path


def turn(path: Path, degrees: int) -> None:
    """Writes the rotation to the matrix of the track, as phones do (ISO 14496-12, 8.3.2)."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 4 + 20 + 16
    radians = math.radians(degrees)
    cos, sin = (round(f(radians) * 65_536) for f in (math.cos, math.sin))
    for n, value in enumerate((cos, sin, 0, -sin, cos, 0, 0, 0, 1 << 30)):
        data[at + 4 * n : at + 4 * n + 4] = value.to_bytes(4, "big", signed=True)
    path.write_bytes(data)


def colors(picture: Image.Image, where: tuple[float, float]) -> str:
    red, _, blue = picture.convert("RGB").getpixel((int(where[0] * picture.width), int(where[1] * picture.height)))  # type: ignore[misc]
    return "red" if red > blue else "blue"


def test_a_still_is_the_first_frame_that_is_not_black(tmp_path: Path) -> None:
    made = still(str(film(tmp_path / "a.mp4")))
    assert made.size == (160, 96)
    assert (colors(made, (0.5, 0.2)), colors(made, (0.5, 0.8))) == ("red", "blue")


@pytest.mark.parametrize(("turned", "top"), [(90, (0.8, 0.5)), (270, (0.2, 0.5)), (180, (0.5, 0.8))])
def test_a_still_of_a_rotated_video_is_upright(tmp_path: Path, turned: int, top: tuple[float, float]) -> None:
    """The rotations move the upper half clockwise."""
    made = still(str(film(tmp_path / "a.mp4", turned=turned)))
    assert made.size == ((160, 96) if turned == 180 else (96, 160))
    assert colors(made, top) == "red"
    assert colors(made, (1 - top[0], 1 - top[1])) == "blue"


def test_a_file_that_is_no_video_has_no_still(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"\0\0\0\x18ftypmp42" + bytes(500))
    with pytest.raises(Exception, match=r"nvalid|moov|End of file"):
        still(str(tmp_path / "a.mp4"))


async def test_a_video_has_a_rendition_and_an_original_with_byte_ranges(tmp_path: Path) -> None:
    folder = tmp_path / "films"
    await asyncio.to_thread(folder.mkdir)
    data = await asyncio.to_thread(film(folder / "MOV_1.mp4", frames=60).read_bytes)
    await imported(tmp_path / "data", folder)
    async with open_exclusive(tmp_path / "data", "a test") as sources:
        (record,), _ = await sources.pictures.of_owner(sources.ids.local_id("customer", "ana"))
        assert record.poster is not None
    async with running_gateway(tmp_path / "data") as gateway:
        await looks(gateway, data)


async def looks(gateway: RunningGateway, data: bytes) -> None:
    fields = "mediaType placeholder image(width: 128) { url width height } original { url contentType }"
    (seen,) = await gateway.photos(fields, token=gateway.token("ana"))
    assert (seen["mediaType"], seen["image"]["width"], seen["image"]["height"]) == ("VIDEO", 160, 96)
    assert seen["placeholder"]
    shown = Image.open(io.BytesIO((await gateway.get(seen["image"]["url"])).content))
    assert (shown.size, colors(shown, (0.5, 0.2))) == ((160, 96), "red")
    part = await gateway.get(seen["original"]["url"], range="bytes=100-199")
    assert (part.status_code, part.content, part.headers["content-type"]) == (206, data[100:200], "video/mp4")
