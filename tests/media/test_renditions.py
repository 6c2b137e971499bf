"""Renditions: metadata, orientation, colors and sizes."""

from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin, TiffImagePlugin

from pictures.decoding import UnrenderableImage, upright_size
from pictures.rendering import FORMATS, blank, rendered
from pictures.size_ladder import Size

CANARY = b"CANARY-7f3a"
TEXT = CANARY.decode()
CAMERAS = Path(os.environ.get("PHOTO_SAMPLES") or "no-folder-of-real-files")
HIDDEN = (
    *(CANARY, b"Exif", b"http://ns.adobe.com", b"xmpmeta", b"Photoshop", b"8BIM", b"ICC_PROFILE", b"acsp", b"GPS", b"MM\x00*", b"II*\x00"),
    *(b"NIKON", b"Canon", b"FUJI", b"SONY", b"OLYMPUS", b"KODAK", b"ICCP", b"EXIF", b"XMP ", b"Adobe", b"Ducky", b"CREATOR"),
)  # fmt: skip


def planted(encoding: str, size: tuple[int, int] = (400, 300)) -> bytes:
    """A picture with a canary in every text field of its format."""
    picture = gradient(size)
    exif = picture.getexif()
    exif[0x010E] = exif[0x010F] = exif[0x8298] = TEXT
    exif.get_ifd(0x8825).update({1: "N", 2: (41.0, 54.0, 10.0), 3: "E", 4: (12.0, 29.0, 0.0), 29: TEXT})
    exif.get_ifd(0x8769)[0x9286] = b"ASCII\0\0\0" + CANARY
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes() + CANARY
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + CANARY + b"</x:xmpmeta>"
    reported: dict[str, Any] = {"exif": exif, "icc_profile": profile}
    match encoding:
        case "JPEG":
            reported |= {"comment": CANARY, "xmp": xmp}
        case "WEBP" | "AVIF":
            reported |= {"xmp": xmp}
        case "PNG":
            words = PngImagePlugin.PngInfo()
            words.add_text("Comment", TEXT)
            words.add_itxt("XML:com.adobe.xmp", xmp.decode())
            reported |= {"pnginfo": words}
        case "TIFF":
            tags = TiffImagePlugin.ImageFileDirectory_v2()
            tags[270] = tags[305] = tags[315] = TEXT
            reported = {"tiffinfo": tags, "icc_profile": profile}
        case "GIF":
            reported = {"comment": CANARY}
    out = io.BytesIO()
    picture.save(out, encoding, **reported)
    data = out.getvalue()
    if encoding == "JPEG":
        iptc = b"Photoshop 3.0\x008BIM\x04\x04\0\0" + struct.pack(">I", 16) + b"\x1c\x02\x78\0\x0b" + CANARY
        data = data[:2] + b"\xff\xed" + struct.pack(">H", len(iptc) + 2) + iptc + data[2:] + CANARY
    assert CANARY in data or encoding == "PNG"
    return data


def gradient(size: tuple[int, int]) -> Image.Image:
    """A picture whose gradients show its orientation."""
    across, down = np.meshgrid(np.linspace(0, 255, size[0]), np.linspace(0, 255, size[1]))
    return Image.fromarray(np.dstack([across, down, np.full_like(across, 60)]).astype(np.uint8))


def samples() -> Iterator[tuple[str, bytes]]:
    for encoding in ("JPEG", "PNG", "TIFF", "WEBP", "AVIF", "GIF"):
        yield f"planted.{encoding}", planted(encoding)
    for path in sorted(CAMERAS.glob("*.jpg")) if CAMERAS.is_dir() else ():
        yield path.name, path.read_bytes()


@pytest.mark.parametrize(("name", "data"), [pytest.param(n, d, id=n) for n, d in samples()])
def test_renditions_contain_no_metadata(name: str, data: bytes) -> None:
    real = upright_size(Image.open(io.BytesIO(data)))
    for encoding in FORMATS:
        for size in (real, Size(max(real.width // 2, 1), max(real.height // 2, 1)), Size(64, 64)):
            made = rendered(io.BytesIO(data), size, encoding)
            assert [word for word in HIDDEN if word in made] == [], (name, encoding)
            shown = Image.open(io.BytesIO(made))
            assert shown.size == size
            assert {k for k in shown.info if k in {"exif", "xmp", "icc_profile", "comment", "photoshop", "dpi"}} == set()
            assert dict(shown.getexif()) == {}


def test_a_jpeg_rendition_has_only_the_segments_that_decoding_needs() -> None:
    made = rendered(io.BytesIO(planted("JPEG")), Size(400, 300), "JPEG")
    markers, at = [], 2
    while made[at + 1] != 0xDA:
        markers.append(made[at + 1])
        at += 2 + int.from_bytes(made[at + 2 : at + 4], "big")
    assert set(markers) <= {0xE0, 0xDB, 0xC0, 0xC2, 0xC4}
    assert made.endswith(b"\xff\xd9")
    assert made.count(b"\xff\xd9") == 1


def test_blank_images_contain_no_metadata() -> None:
    for encoding in FORMATS:
        assert [word for word in HIDDEN if word in blank(Size(64, 48), encoding)] == []


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("encoding", ["JPEG", "TIFF", "PNG", "WEBP"])
def test_renditions_are_upright(orientation: int, encoding: str) -> None:
    back = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    picture = gradient((400, 300))
    stored = picture.transpose(back[orientation]) if orientation in back else picture
    exif = stored.getexif()
    exif[0x0112] = orientation
    out = io.BytesIO()
    stored.save(out, encoding, exif=exif)
    made = Image.open(io.BytesIO(rendered(out, Size(200, 150), "JPEG"))).convert("RGB")
    assert made.size == (200, 150)
    corner, other = made.getpixel((4, 145)), made.getpixel((195, 4))
    assert isinstance(corner, tuple)
    assert isinstance(other, tuple)
    assert (corner[0] < 40, corner[1] > 200) == (True, True)
    assert (other[1] < 40, other[0] > 200) == (True, True)


def test_colors_are_converted_to_srgb() -> None:
    wide = swapped(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    out = io.BytesIO()
    Image.new("RGB", (64, 64), (200, 40, 90)).save(out, "PNG", icc_profile=wide)
    made = Image.open(io.BytesIO(rendered(out, Size(64, 64), "JPEG"))).convert("RGB").getpixel((30, 30))
    assert isinstance(made, tuple)
    assert np.abs(np.array(made) - (40, 200, 90)).max() < 12


def swapped(profile: bytes) -> bytes:
    """A profile that is sRGB with red and green exchanged."""
    data = bytearray(profile)
    count = int.from_bytes(data[128:132], "big")
    entries = {bytes(data[132 + 12 * i : 136 + 12 * i]): 132 + 12 * i for i in range(count)}
    red, green = entries[b"rXYZ"], entries[b"gXYZ"]
    data[red + 4 : red + 12], data[green + 4 : green + 12] = data[green + 4 : green + 12], data[red + 4 : red + 12]
    return bytes(data)


@pytest.mark.parametrize("mode", ["L", "LA", "P", "1", "RGBA", "CMYK", "I;16"])
def test_every_pixel_mode_is_rendered(mode: str) -> None:
    encoding = "TIFF" if mode in {"CMYK", "I;16"} else "PNG"
    grey = np.tile(np.linspace(0, 255, 64), (64, 1)).astype(np.uint8)
    picture = Image.fromarray(grey.astype(np.uint16) * 257) if mode == "I;16" else Image.fromarray(grey).convert(mode)
    out = io.BytesIO()
    picture.save(out, encoding)
    made = np.asarray(Image.open(io.BytesIO(rendered(out, Size(64, 64), "WEBP"))).convert("L"), dtype=float)
    assert made[:, -8:].mean() > 180
    assert made[:, :8].mean() < 70


def test_transparent_pictures_have_a_white_background() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (32, 32), (255, 0, 0, 0)).save(out, "PNG")
    assert np.asarray(Image.open(io.BytesIO(rendered(out, Size(32, 32), "JPEG")))).min() > 250


def bomb(side: int = 30_000) -> bytes:
    """A PNG of a few hundred kilobytes with 900 million pixels."""
    row = zlib.compressobj(9)
    line = b"\0" + bytes(side // 8)
    body = b"".join(row.compress(line * 100) for _ in range(side // 100)) + row.flush()

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def test_a_decompression_bomb_is_refused_by_its_header() -> None:
    data = bomb()
    assert len(data) < 1 << 20
    with pytest.raises(UnrenderableImage):
        rendered(io.BytesIO(data), Size(64, 64), "JPEG")


def test_pictures_are_never_enlarged() -> None:
    with pytest.raises(UnrenderableImage):
        rendered(io.BytesIO(planted("JPEG")), Size(401, 300), "JPEG")


def test_formats_with_external_programs_are_not_opened() -> None:
    for data in (
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"",
        b"x" * 99,
    ):
        with pytest.raises(OSError, match="cannot identify"):
            rendered(io.BytesIO(data), Size(9, 9), "JPEG")
