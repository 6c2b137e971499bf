"""What every viewer shows is imported: damaged pictures and films are read as far as possible, with a remark."""

from __future__ import annotations

import io
import os
import struct
import zlib
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from ingest.formats.xmp_tree import BadXmp, parse, properties
from pictures.video_still import still
from pictures.worker_jobs import work
from tests.ingest.files import answer, taken_of
from tests.ingest.makers import bag, box, exif, iptc, jpeg_with, picture, video, xmp

PLAIN = picture("JPEG", exif=exif())
NOON = "2024-05-01T10:00:00"
TABLES = PLAIN.index(b"\xff\xdb")
SKIPPED, NO_END = "it has bytes between its segments, which were skipped", "its image data has no end: it may be truncated"


def with_junk(junk: bytes, at: int = TABLES) -> bytes:
    return PLAIN[:at] + junk + PLAIN[at:]


DAMAGED_JPEGS = {
    "zeros between segments": (with_junk(bytes(4)), SKIPPED),
    "text between segments": (with_junk(b"some text"), SKIPPED),
    "a marker that does not exist": (with_junk(b"\xff\x10\0\xff\0"), SKIPPED),
    "bytes after the start": (with_junk(b"\0\0", 2), SKIPPED),
    "bytes before the start": (b"\r\n\xef\xbb\xbf" + PLAIN, SKIPPED),
    "no end mark": (PLAIN[:-2], NO_END),
    "cut in the picture": (PLAIN[: PLAIN.index(b"\xff\xda") + 40], NO_END),
    "zeros at the end": (PLAIN[:-2] + bytes(500), NO_END),
    "a trailer": (PLAIN + os.urandom(3) + bytes(3000), None),
    "padding": (with_junk(b"\xff" * 7), None),
}


@pytest.mark.parametrize("name", DAMAGED_JPEGS)
def test_a_jpeg_that_viewers_show_is_read_and_rendered(name: str, tmp_path: Path) -> None:
    content, remark = DAMAGED_JPEGS[name]
    found = taken_of(content)
    assert (found.record.taken_local, found.record.width, found.record.content_type) == (NOON, 80, "image/jpeg")
    assert found.remarks == (() if remark is None else (remark,))
    (tmp_path / "a").write_bytes(content)
    assert work({"do": "inspect", "path": os.fsencode(tmp_path / "a"), "video": False})["size"] == [80, 60]


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_with(*chunks: bytes) -> bytes:
    plain = picture("PNG")
    return plain[:33] + b"".join(chunks) + plain[33:]


@pytest.mark.parametrize("cut", [5, 20])
def test_a_png_or_gif_without_its_end_is_read(tmp_path: Path, cut: int) -> None:
    for content in (png_with(chunk(b"tEXt", b"Comment\0by hand"))[:-cut], picture("GIF", comment=b"by hand")[: -cut // 5]):
        found = taken_of(content)
        assert found.record.caption == "by hand"
        (tmp_path / "a").write_bytes(content)
        assert work({"do": "inspect", "path": os.fsencode(tmp_path / "a"), "video": False})["size"] == [80, 60]
        assert "may not be shown completely" in found.remarks[0]


def test_a_chunk_with_a_wrong_checksum_is_left_out_with_a_remark(tmp_path: Path) -> None:
    content = png_with(chunk(b"tEXt", b"Title\0x")[:-1] + b"\0", chunk(b"tEXt", b"Comment\0by hand"))
    found = taken_of(content)
    (tmp_path / "a").write_bytes(content)
    assert work({"do": "inspect", "path": os.fsencode(tmp_path / "a"), "video": False})["size"] == [80, 60]
    assert (found.record.caption, len(found.remarks)) == ("by hand", 1)


FILM = video(brand=b"mp42", at_end=False, keys={"com.apple.quicktime.creationdate": "2024-05-01T10:00:00+0200"})


@pytest.mark.parametrize(
    "trailer", [b"\x01" * 40 + b"8db42d694ccc418790edff439fe026bf", bytes(8), bytes(40), b"ab", b"\xff" * 4000]
)
def test_a_film_with_a_trailer_that_is_no_box_is_read(trailer: bytes) -> None:
    for content in (FILM + trailer, video(keys={"com.apple.quicktime.creationdate": "2024-05-01T10:00:00+0200"}) + trailer):
        assert taken_of(content).record.utc_offset_minutes == 120


def test_a_film_whose_end_is_missing_is_read_if_its_header_is_complete() -> None:
    found = taken_of(FILM[:-100])
    assert (found.record.taken_local, found.remarks) == (NOON, ("it is truncated",))
    assert answer(video(at_end=False)[:200]).record is None


def test_a_film_with_damaged_boxes_is_read_if_its_size_is_known() -> None:
    at_end = video(keys={"com.apple.quicktime.title": "x" * 200})
    cut = taken_of(at_end[:-20])
    assert ((cut.record.width, cut.record.duration_seconds), "it is truncated" in cut.remarks) == ((1920, 2.5), True)
    track = FILM.index(b"trak") - 4
    assert taken_of(FILM[:track] + b"\0\0\xff\xff" + FILM[track + 4 :]).record.width == 1920
    description = box(b"stsd", bytes(4) + b"\0\0\0\1" + bytes(8) + bytes(24) + struct.pack(">HH", 640, 480))
    handler = FILM.index(b"hdlr") - 4
    media = box(b"mdia", FILM[handler : handler + 33], box(b"minf", box(b"stbl", description)))
    start = FILM.index(b"tkhd") - 4
    header = FILM[start : start + 84] + bytes(8)
    head = FILM.index(b"mvhd") - 4
    moov = box(b"moov", FILM[head : head + 108], box(b"trak", header, media))
    found = taken_of(box(b"ftyp", b"mp42", bytes(4), b"mp42") + moov + box(b"mdat", bytes(9)))
    assert (found.record.width, found.record.height) == (640, 480)


def test_a_heic_with_a_trailer_is_read() -> None:
    found = taken_of(picture("HEIF", exif=exif()) + b"SEFH" + bytes(range(200)))
    assert found.record.taken_local == NOON


# XMP

GOOD = xmp('xmp:Rating="4"', bag("dc:subject", "Grüße", "two"))
TEXT = GOOD.decode()
DAMAGED_XMP = {
    "old bytes after it": (GOOD + b'</rdf:RDF></x:xmpmeta>old "<', 4, "Grüße"),
    "a control character": (GOOD.replace(b"two", b"t\x01wo"), 4, "Grüße"),
    "a byte that is not UTF-8": (GOOD.replace(b"two", b"two\xfc"), 4, "Grüße"),
    "Windows-1252": (TEXT.encode("cp1252", "ignore"), 4, "Grüße"),
    "zeros": (GOOD.replace(b"two", b"\0two"), 4, "Grüße"),
    "an ampersand": (GOOD.replace(b"two", b"a & b"), 4, "Grüße"),
    "an entity of HTML": (TEXT.replace("Grüße", "Gr&uuml;&szlig;e").encode(), 4, "Grüße"),
    "a reference to a control character": (GOOD.replace(b"two", b"&#0;&#x1F;"), 4, "Grüße"),
    "a prefix without a declaration": (GOOD.replace(b"<dc:subject>", b"<odd:tag>1</odd:tag><dc:subject>"), 4, "Grüße"),
    "cut": (GOOD[: GOOD.index(b"two")], 4, "Grüße"),
    "a tag that is not closed": (GOOD.replace(b"two", b"<two"), 4, "Grüße"),
}


def in_jpeg(packet: bytes) -> bytes:
    return jpeg_with(PLAIN, (0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet))


@pytest.mark.parametrize("name", DAMAGED_XMP)
def test_the_readable_part_of_damaged_xmp_is_used_with_a_remark(name: str) -> None:
    packet, stars, keyword = DAMAGED_XMP[name]
    found = taken_of(in_jpeg(packet))
    assert (found.record.rating, found.record.labels[0].key) == (stars, keyword)
    assert all("XMP is damaged" in remark for remark in found.remarks)
    assert taken_of(PLAIN, xmp=packet).record.rating == stars


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "utf-8-sig"])
def test_xmp_is_read_in_every_encoding(encoding: str) -> None:
    for text in (TEXT, TEXT[TEXT.index("<x:xmpmeta") :], '<?xpacket begin="\ufeff"?>' + TEXT + "   <?xpacket end='w'?>"):
        found = taken_of(in_jpeg(text.encode(encoding)))
        assert (found.record.rating, found.record.labels[0].key, found.remarks) == (4, "Grüße", ())


def test_text_that_is_not_xmp_is_left_out_with_a_remark() -> None:
    for packet in (b"no XMP at all", b"<a", bytes(50), b"\xff\xfe<"):
        assert "not well-formed" in taken_of(in_jpeg(packet)).remarks[0]
        with pytest.raises(BadXmp):
            parse(packet)
    assert [name for name, _, _ in properties(parse(GOOD)[0])] == ["xmp:Rating", "dc:subject"]


GUID = b"3DA39FAB8B008EB29FF682EA111DF2A9"


def extended(*parts: tuple[int, bytes], size: int, guid: bytes = GUID) -> list[tuple[int, bytes]]:
    start = b"http://ns.adobe.com/xmp/extension/\0"
    return [(0xE1, start + guid + struct.pack(">II", size, offset) + part) for offset, part in parts]


def test_extended_xmp_is_joined_from_its_segments_in_any_order() -> None:
    main = xmp('xmp:Rating="3" xmlns:xmpNote="http://ns.adobe.com/xmp/note/" xmpNote:HasExtendedXMP="' + GUID.decode() + '"')
    more = xmp("", bag("dc:subject", *(f"keyword {n}" for n in range(600))) + bag("dc:description", "long", kind="Alt"))
    parts = [(at, more[at : at + 9_000]) for at in range(0, len(more), 9_000)]
    other = extended((0, b"<x/>"), size=4, guid=b"F" * 32)
    first = (0xE1, b"http://ns.adobe.com/xap/1.0/\0" + main)
    found = taken_of(jpeg_with(PLAIN, *reversed(extended(*parts, size=len(more))), first))
    assert (found.record.rating, found.record.caption, found.remarks) == (3, "long", ())
    assert len(found.record.labels) + len(found.record.keywords) == 600
    cut = taken_of(jpeg_with(PLAIN, first, *extended(*parts[:-1], size=len(more)), *other))
    assert len(cut.record.labels) + len(cut.record.keywords) > 100
    assert [words in " ".join(cut.remarks) for words in ("incomplete", "of another file", "damaged")] == [True] * 3
    assert "missing" in taken_of(jpeg_with(PLAIN, first)).remarks[0]


def hexadecimal(name: str, raw: bytes, kind: bytes = b"zTXt") -> bytes:
    text = f"\n{name} profile\n{len(raw):8}\n{raw.hex()}\n".encode()
    body = f"Raw profile type {name}".encode() + (b"\0\0" + zlib.compress(text) if kind == b"zTXt" else b"\0" + text)
    return chunk(kind, body)


def test_raw_profiles_and_exif_of_png_are_read() -> None:
    words = iptc((2, 120, b"Am Meer"), (2, 25, b"beach"))
    tags = exif().removeprefix(b"Exif\0\0")
    for chunks in (
        [hexadecimal("iptc", words.removeprefix(b"Photoshop 3.0\0")), hexadecimal("exif", b"Exif\0\0" + tags), hexadecimal("xmp", GOOD)],
        [hexadecimal("iptc", words[26:], b"tEXt"), chunk(b"eXIf", tags), hexadecimal("APP1", b"http://ns.adobe.com/xap/1.0/\0" + GOOD)],
        [hexadecimal("8bim", words), hexadecimal("APP1", b"Exif\0\0" + tags), chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(GOOD))],
    ):  # fmt: skip
        found = taken_of(png_with(*chunks))
        assert (found.record.caption, found.record.taken_local, found.record.rating) == ("Am Meer", NOON, 4)
        assert [label.key for label in found.record.labels] == ["Grüße", "two", "beach"]
        assert found.remarks == ()


def test_damaged_profiles_and_texts_of_png_are_remarked() -> None:
    broken = chunk(b"tEXt", b"Raw profile type iptc\0nothing"), chunk(b"zTXt", b"Comment\0\0no zlib")
    assert len(taken_of(png_with(*broken)).remarks) == 2


def test_the_creation_time_of_png_is_read() -> None:
    for text in ("2024-05-01T10:00:00+02:00", "Wed, 01 May 2024 10:00:00 +0200", "2024:05:01 10:00:00+02:00"):
        found = taken_of(png_with(chunk(b"tEXt", b"Creation Time\0" + text.encode())))
        assert (found.record.taken_local, found.record.utc_offset_minutes) == (NOON, 120)


# Films


def film(*atoms: bytes) -> bytes:
    """A film with user data; the lengths of the boxes around it are computed anew."""
    moov = video(brand=b"3gp4", at_end=False)
    start = moov.index(b"moov") - 4
    length = int.from_bytes(moov[start : start + 4])
    inner = moov[start + 8 : start + length] + box(b"udta", *atoms)
    return moov[:start] + box(b"moov", inner) + moov[start + length :]


def loci(name: bytes, latitude: float, longitude: float, altitude: float = 0) -> bytes:
    numbers = struct.pack(">iii", *(round(n * 65536) for n in (longitude, latitude, altitude)))
    return box(b"loci", bytes(4) + b"\x15\xc7" + name + b"\0", numbers, b"earth\0\0")


def test_a_3gp_film_has_a_position_a_date_and_texts() -> None:
    text = bytes(4) + b"\x15\xc7"
    content = film(
        loci("Bär".encode() + b"\0", 47.5, -11.25, 900),
        box(b"date", b"2020-11-20T15:04:02+0100"),
        box(b"dscp", text + b"Am See\0"),
        box(b"titl", text + "\ufeffTitel".encode("utf-16-be") + b"\0\0"),
        box(b"kywd", text + b"\x02\x05beach\x04lake"),
        box(b"manu", b"Maker\0"),
    )
    found = taken_of(content).record
    assert (found.taken_local, found.utc_offset_minutes) == ("2020-11-20T15:04:02", 60)
    assert (found.latitude, found.longitude, found.altitude_meters) == (47.5, -11.25, 900)
    assert (found.caption, [label.key for label in found.labels]) == ("Am See", ["beach", "lake"])
    assert found.camera is not None
    assert found.camera.make == "Maker"


def test_a_position_with_a_name_in_utf_16_is_read() -> None:
    name = "\ufeffBär".encode("utf-16-be") + b"\0\0"
    assert taken_of(film(loci(name, -47.5, 11.25))).record.latitude == -47.5


def test_xmp_in_films_is_read_in_mp4_and_mov() -> None:
    uuid = bytes.fromhex("be7acfcb97a942e89c7199 9491e3afac".replace(" ", ""))
    for content in (FILM + box(b"uuid", uuid, GOOD), film(box(b"XMP_", GOOD))):
        found = taken_of(content).record
        assert (found.rating, found.labels[0].key) == (4, "Grüße")


def test_damaged_user_data_does_not_refuse_the_film() -> None:
    found = taken_of(film(box(b"date", b"2020-11-20T15:04:02+0100"), b"\xff\xff\xff\0junkjunk"))
    assert found.record.utc_offset_minutes == 60
    assert "user data is damaged" in found.remarks[0]


def test_the_still_of_a_film_that_begins_blank_shows_a_later_frame(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        for number in range(200):
            pixels = np.full((96, 160, 3), 255, dtype=np.uint8)
            if number > 90:
                pixels[:48] = (200, 0, 0)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        out.mux(stream.encode())
    assert np.asarray(still(str(path)).convert("L")).std() > 40


TOOLS = (
    "Created with GIMP", "Created with The GIMP on a Mac", "CREATOR: gd-jpeg v1.0 (using IJG JPEG v62), quality = 90", "comment in GIMP 2.4.5",
    "Optimized by JPEGmini 3.9", "GIF edited with ezgif.com", "Edited with Paint.NET", "Lavc58.134.100", "AppleMark", "ImageMagick 6.9",
    "File written by Adobe Photoshop\xa8 5.0", "LEAD Technologies Inc. V1.01", "Screenshot",
)  # fmt: skip
PEOPLE = ("Oma im Garten", "Made by Anna, 1950", "Adobe house in Taos", "Created with love", "Java, 2019: the temple", "Xaver 3")


@pytest.mark.parametrize("text", [*TOOLS, *PEOPLE])
def test_texts_of_tools_are_no_captions_but_those_of_people_are(text: str) -> None:
    raw = text.encode()
    out = io.BytesIO()
    Image.new("RGB", (80, 60)).save(out, "TIFF", tiffinfo={270: text})
    described = xmp("", bag("dc:description", text, kind="Alt"))
    contents = [
        png_with(chunk(b"tEXt", b"Comment\0" + raw)),
        picture("GIF", comment=raw),
        jpeg_with(PLAIN, (0xFE, raw)),
        out.getvalue(),
    ]
    for content in (*contents, in_jpeg(described), film(box(b"dscp", bytes(4) + b"\x15\xc7" + raw + b"\0"))):
        assert taken_of(content).record.caption == (text if text in PEOPLE else None)
    assert taken_of(jpeg_with(PLAIN, (0xFE, TOOLS[0].encode()), (0xFE, raw))).record.caption == (text if text in PEOPLE else None)
