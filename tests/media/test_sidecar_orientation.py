"""The orientation of an XMP sidecar turns the renditions, and the original does not change."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.ingest.makers import exif, xmp
from tests.media.gateway import imported, jpeg, running_gateway


def split_picture() -> Image.Image:
    """Red above blue."""
    pixels = np.zeros((600, 800, 3), dtype=np.uint8)
    pixels[:300, :, 0] = pixels[300:, :, 2] = 230
    return Image.fromarray(pixels)


def reddest_side(picture: Image.Image) -> str:
    red = np.asarray(picture.convert("RGB"), dtype=float)[:, :, 0]
    sides = {"top": red[0].mean(), "bottom": red[-1].mean(), "left": red[:, 0].mean(), "right": red[:, -1].mean()}
    return max(sides, key=lambda side: sides[side])


@pytest.mark.parametrize(("own", "of_sidecar", "size", "side"), [(1, 6, (600, 800), "right"), (6, 1, (800, 600), "top")])
async def test_a_picture_is_turned_by_its_sidecar(
    tmp_path: Path, own: int, of_sidecar: int, size: tuple[int, int], side: str
) -> None:
    folder = tmp_path / "library"
    content = jpeg(split_picture(), exif=exif({0x0112: own}, gps={}))

    def write() -> None:
        folder.mkdir()
        (folder / "a.jpg").write_bytes(content)
        (folder / "a.jpg.xmp").write_bytes(xmp(f'tiff:Orientation="{of_sidecar}"'))

    await asyncio.to_thread(write)
    await imported(tmp_path / "data", folder)
    async with running_gateway(tmp_path / "data") as gateway:
        fields = "width height image(width: 640, height: 640) { url width height } original { url }"
        (seen,) = await gateway.photos(fields, token=gateway.token("ana"))
        assert (seen["width"], seen["height"]) == size
        shown = Image.open(io.BytesIO((await gateway.get(seen["image"]["url"])).content))
        assert (shown.width < shown.height) == (size[0] < size[1])
        assert reddest_side(shown) == side
        assert (await gateway.get(seen["original"]["url"])).content == content
