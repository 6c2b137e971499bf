"""Makes small valid files of all formats, with Pillow and pillow-heif if they support the format."""

from __future__ import annotations

import io
import struct
import uuid
import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from PIL import Image
from pillow_heif import from_pillow

RATIONAL, ASCII, SHORT, LONG, UNDEFINED, BYTE = 5, 2, 3, 4, 7, 1
GPS = {1: "N", 2: (41.0, 53.0, 24.0), 3: "E", 4: (12.0, 29.0, 0.0), 5: b"\1", 6: 37.5}
CONTENT_ID = "A1B2C3D4-0000-4000-8000-1234567890AB"


def exif(
    image: Mapping[int, Any] | None = None, photo: Mapping[int, Any] | None = None, gps: Mapping[int, Any] | None = None
) -> bytes:
    tags = Image.Exif()
    for tag, value in {0x010F: "Maker", 0x0110: "Model", **(image or {})}.items():
        tags[tag] = value
    tags.get_ifd(0x8769).update({0x9003: "2024:05:01 10:00:00", 0x9011: "+02:00"} if photo is None else photo)
    tags.get_ifd(0x8825).update(GPS if gps is None else gps)
    return tags.tobytes()


def picture(kind: str, size: tuple[int, int] = (80, 60), **info: Any) -> bytes:
    """A picture as JPEG, PNG, WEBP, AVIF, GIF, TIFF or HEIF."""
    image = Image.linear_gradient("L").resize(size).convert("P" if kind == "GIF" else "RGB")
    out = io.BytesIO()
    if kind == "HEIF":
        from_pillow(image).save(out, **info)
    else:
        image.save(out, kind, **info)
    return out.getvalue()


def jpeg_with(content: bytes, *segments: tuple[int, bytes]) -> bytes:
    """The JPEG with segments inserted before all others."""
    inserted = b"".join(bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body for marker, body in segments)
    return content[:2] + inserted + content[2:]


def xmp(attributes: str = "", inside: str = "") -> bytes:
    names = (
        "dc=http://purl.org/dc/elements/1.1/ xmp=http://ns.adobe.com/xap/1.0/ exif=http://ns.adobe.com/exif/1.0/"
        " photoshop=http://ns.adobe.com/photoshop/1.0/ lr=http://ns.adobe.com/lightroom/1.0/ aux=http://ns.adobe.com/exif/1.0/aux/"
        " mwg-rs=http://www.metadataworkinggroup.com/schemas/regions/ MP=http://ns.microsoft.com/photo/1.2/"
        " MPRI=http://ns.microsoft.com/photo/1.2/t/RegionInfo# MPReg=http://ns.microsoft.com/photo/1.2/t/Region#"
        " MicrosoftPhoto=http://ns.microsoft.com/photo/1.0/ Iptc4xmpExt=http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
        " GCamera=http://ns.google.com/photos/1.0/camera/ tiff=http://ns.adobe.com/tiff/1.0/ acdsee=http://ns.acdsee.com/iptc/1.0/"
        " exifEX=http://cipa.jp/exif/1.0/ xmpDM=http://ns.adobe.com/xmp/1.0/DynamicMedia/ pdf=http://ns.adobe.com/pdf/1.3/ digiKam=http://www.digikam.org/ns/1.0/"
    )
    spaces = " ".join(f'xmlns:{n.partition("=")[0]}="{n.partition("=")[2]}"' for n in names.split())
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        f'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description {spaces} {attributes}>{inside}'
        '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


def bag(name: str, *items: str, kind: str = "Bag") -> str:
    return f"<{name}><rdf:{kind}>{''.join(f'<rdf:li>{i}</rdf:li>' for i in items)}</rdf:{kind}></{name}>"


def iptc(*sets: tuple[int, int, bytes]) -> bytes:
    """The Photoshop segment of a JPEG with IPTC datasets."""
    block = b"".join(b"\x1c" + bytes((a, b)) + struct.pack(">H", len(value)) + value for a, b, value in sets)
    return b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0" + struct.pack(">I", len(block)) + block + b"\0" * (len(block) % 2)


def box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I", len(body) + 8) + kind + body


def video(
    *,
    seconds: float = 2.5,
    size: tuple[int, int] = (1920, 1080),
    rotated: bool = False,
    created: datetime | None = None,
    keys: Mapping[str, str] | None = None,
    atoms: Mapping[bytes, str] | None = None,
    brand: bytes = b"qt  ",
    at_end: bool = True,
) -> bytes:
    """A video without frames: a header, one track and zeros as media data."""
    created_s = int((created - datetime(1904, 1, 1)).total_seconds()) if created else 0  # noqa: DTZ001
    mvhd = struct.pack(">IIIII", 0, created_s, created_s, 600, round(seconds * 600)) + bytes(80)
    matrix = (0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30) if rotated else (65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30)
    tkhd = struct.pack(">IIIII", 7, created_s, created_s, 1, 0) + bytes(20) + struct.pack(">9i", *matrix)
    tkhd += struct.pack(">II", size[0] << 16, size[1] << 16)
    hdlr = box(b"hdlr", bytes(8) + b"vide" + bytes(13))
    parts = [box(b"mvhd", mvhd), box(b"trak", box(b"tkhd", tkhd), box(b"mdia", hdlr))]
    if keys:
        names = b"".join(box(b"mdta", k.encode()) for k in keys)
        values = b"".join(
            box(struct.pack(">I", n), box(b"data", struct.pack(">II", 1, 0), v.encode())) for n, v in enumerate(keys.values(), 1)
        )
        parts.append(box(b"meta", box(b"keys", struct.pack(">II", 0, len(keys)), names), box(b"ilst", values)))
    if atoms:
        text_atoms = b"".join(box(k, struct.pack(">HH", len(v.encode()), 0x15C7), v.encode()) for k, v in atoms.items())
        parts.append(box(b"udta", text_atoms))
    moov, mdat = box(b"moov", *parts), box(b"mdat", bytes(1000))
    return box(b"ftyp", brand, bytes(4), brand) + (mdat + moov if at_end else moov + mdat)


Tag = tuple[int, int, Any]


def ifd(tags: Sequence[Tag], at: int, order: str = "<", following: int = 0) -> bytes:
    """A directory at offset `at`, followed by its values."""
    entries, values = b"", b""
    values_at = at + 2 + 12 * len(tags) + 4
    for tag, kind, value in sorted(tags, key=lambda t: t[0]):
        raw, count = _value(kind, value, order)
        if len(raw) <= 4:
            field = raw.ljust(4, b"\0")
        else:
            field = struct.pack(order + "I", values_at + len(values))
            values += raw
        entries += struct.pack(order + "HHI", tag, kind, count) + field
    return struct.pack(order + "H", len(tags)) + entries + struct.pack(order + "I", following) + values


def _value(kind: int, value: Any, order: str) -> tuple[bytes, int]:
    if kind in {ASCII, UNDEFINED, BYTE}:
        raw = value.encode() + b"\0" if isinstance(value, str) else value
        return raw, len(raw)
    values = value if isinstance(value, tuple) else (value,)
    if kind == RATIONAL:
        return b"".join(struct.pack(order + "II", round(v * 1000), 1000) for v in values), len(values)
    return struct.pack(order + str(len(values)) + {SHORT: "H", LONG: "I"}[kind], *values), len(values)


def tiff(
    image: Sequence[Tag], photo: Sequence[Tag] = (), gps: Sequence[Tag] = (), *, sign: bytes = b"II*\0", inner: Sequence[Tag] = ()
) -> bytes:
    """A TIFF file with the directories of the image, of an image inside it, of the photo and of the place."""
    order = ">" if sign.startswith(b"MM") else "<"
    directories, at = b"", 8
    links: list[Tag] = []
    for tag, tags in ((0x014A, inner), (0x8769, photo), (0x8825, gps)):
        if tags:
            links.append((tag, LONG, at))
            part = ifd(tags, at, order)
            part += bytes(len(part) % 2)
            directories += part
            at += len(part)
    return sign + struct.pack(order + "I", at) + directories + ifd([*image, *links], at, order)


def raw(sign: bytes = b"II*\0", *, make: str = "NIKON CORPORATION", more: Sequence[Tag] = (), note: bytes = b"") -> bytes:
    """A raw file with a thumbnail in the first directory and the sensor image inside it, as cameras write it."""
    image = [(0x0100, LONG, 160), (0x0101, LONG, 120), (0x010F, ASCII, make), (0x0110, ASCII, "Body"), *more]
    photo = [(0x9003, ASCII, "2024:05:01 10:00:00"), (0x829A, RATIONAL, 0.004), (0x8827, SHORT, 200)]
    photo += [(0x927C, UNDEFINED, note)] if note else []
    inner = [(0x0100, LONG, 6000), (0x0101, LONG, 4000), (0x0106, SHORT, 32803)]
    gps = [(1, ASCII, "N"), (2, RATIONAL, (41.0, 53.0, 24.0)), (3, ASCII, "E"), (4, RATIONAL, (12.0, 29.0, 0.0))]
    return tiff(image, photo, gps, sign=sign, inner=inner)


def raf() -> bytes:
    preview = picture("JPEG", exif=exif())
    head = b"FUJIFILMCCD-RAW 0201FF129502X-T3".ljust(84, b"\0") + struct.pack(">II", 160, len(preview))
    return head.ljust(160, b"\0") + preview


def cr3() -> bytes:
    image = tiff(
        [(0x0100, SHORT, 6000), (0x0101, SHORT, 4000), (0x010F, ASCII, "Canon"), (0x0110, ASCII, "EOS R5"), (0x0112, SHORT, 8)]
    )
    photo = tiff([(0x9003, ASCII, "2024:05:01 10:00:00"), (0x9011, ASCII, "+02:00"), (0x8827, SHORT, 100)])
    gps = tiff([(1, ASCII, "S"), (2, RATIONAL, (41.0, 53.0, 24.0)), (3, ASCII, "W"), (4, RATIONAL, (12.0, 29.0, 0.0))])
    canon = uuid.UUID("85c0b687-820f-11e0-8111-f4ce462b6a48").bytes
    parts = box(b"CMT1", image), box(b"CMT2", photo), box(b"CMT4", gps)
    return box(b"ftyp", b"crx ", bytes(4), b"crx isom") + box(b"moov", box(b"uuid", canon, *parts)) + box(b"mdat", bytes(500))


def apple_note(content_id: str | None = None, burst: str | None = None) -> bytes:
    tags = [(0x0B, ASCII, burst)] if burst else []
    tags += [(0x11, ASCII, content_id)] if content_id else []
    return b"Apple iOS\0\0\1MM" + ifd(tags, 14, ">")


def canon_note(zone: int, summer: int) -> bytes:
    """A maker note whose offsets are relative to the beginning of the TIFF; they are correct in `raw`."""
    return ifd([(0x0035, LONG, (16, zone & 0xFFFFFFFF, 20, summer))], 0)


def nikon_note(zone: int, *, summer: bool) -> bytes:
    world = struct.pack("<h", zone) + bytes((summer, 0))
    return b"Nikon\0\2\x10\0\0" + b"II*\0\x08\0\0\0" + ifd([(0x0024, UNDEFINED, world)], 8)


def live_photo() -> tuple[bytes, bytes]:
    """The still and the video of a live photo, with the same content identifier."""
    still = jpeg_with(picture("JPEG"), (0xE1, b"Exif\0\0" + raw(make="Apple", note=apple_note(CONTENT_ID))))
    return still, video(keys={"com.apple.quicktime.content.identifier": CONTENT_ID}, seconds=2.8)


def zipped(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0)), content)
    return out.getvalue()
