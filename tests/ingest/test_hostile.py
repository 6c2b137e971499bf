"""Malicious files and archives are reported with a reason, use bounded resources, and do not affect other files."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import random
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.formats import worker_jobs
from ingest.readers.opening import open_reader
from ingest.readers.reading import ImportItem, ReadResult, RejectedItem, Unreadable
from tests.ingest import makers
from tests.ingest.files import answer, reading, readings, record
from tests.ingest.makers import exif, jpeg_with, picture, raw, video, xmp, zipped

PLAIN = picture("JPEG", exif=exif())


def outcomes(found: list[ReadResult]) -> dict[str, str]:
    """`read`, or the reason of the rejection, by path."""
    return {r.where.rpartition(": ")[2]: "read" if isinstance(r, ImportItem) else r.reason for r in found}


def read_archive(tmp_path: Path, content: bytes, name: str = "library.zip") -> dict[str, str]:
    (tmp_path / name).write_bytes(content)
    return outcomes(readings(tmp_path / name))


SAMPLES = [
    PLAIN, picture("PNG", exif=exif()), picture("WEBP", exif=exif()), picture("AVIF", exif=exif()), picture("HEIF", exif=exif()),
    picture("TIFF"), picture("GIF", comment=b"x"), raw(note=makers.nikon_note(60, summer=True)), raw(make="Canon", note=makers.canon_note(60, 60)),
    raw(make="Apple", note=makers.apple_note(makers.CONTENT_ID)), raw(b"IIRO"), raw(b"IIU\0"), makers.raf(), makers.cr3(), video(),
    video(keys={"com.apple.quicktime.creationdate": "2024-05-01T10:00:00+0200"}, atoms={b"\xa9xyz": "+41.8900+012.4833/"}),
    jpeg_with(PLAIN, (0xED, makers.iptc((2, 25, b"beach")))), jpeg_with(PLAIN, (0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp('xmp:Rating="4"'))),
]  # fmt: skip


def corrupted(rng: random.Random, content: bytes) -> bytes:
    """The content with some changed bytes, mostly in the header, and sometimes truncated."""
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 5, 20))):
        data[rng.randrange(min(len(data), 2_000 if rng.random() < 0.8 else len(data)))] = rng.choice(
            (0, 1, 127, 128, 255, rng.randrange(256))
        )
    return bytes(data[: rng.randrange(len(data))] if rng.random() < 0.2 else data)


@pytest.mark.parametrize("seed", range(3))
def test_a_corrupted_file_is_read_or_rejected_with_a_reason(seed: int) -> None:
    rng = random.Random(seed)
    sidecar = xmp('exif:GPSLatitude="41,53.4N" exif:GPSLongitude="12,29.0E"', makers.bag("dc:subject", "a"))
    for _ in range(250):
        content = corrupted(rng, rng.choice(SAMPLES))
        found = answer(content, xmp=corrupted(rng, sidecar) or b" ") if content else None
        assert found is None or found.record is not None or " " in found.reason


def tags(count: int) -> bytes:
    return makers.tiff(
        [(0x0100, makers.LONG, 80), (0x0101, makers.LONG, 60), *((0x9000 + n, makers.SHORT, 1) for n in range(count))]
    )


MALICIOUS: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty.jpg": (lambda: b"", "is empty"),
    "10,000 tags.tif": (lambda: tags(10_000), "first directory cannot be read"),
    "loop.tif": (lambda: b"II*\0\x08\0\0\0" + makers.ifd([(0x014A, makers.LONG, 8), (0x8769, makers.LONG, 8)], 8), "no dimensions"),
    "strips.tif": (lambda: makers.tiff([(0x0100, makers.LONG, 8), (0x0101, makers.LONG, 8), (0x0111, makers.LONG, 8), (0x0117, makers.LONG, 1 << 31)]), "truncated"),
    "big.tif": (lambda: b"II+\0\x08\0\0\0" + bytes(64), "BigTIFF"),
    "boxes.mp4": (lambda: makers.box(b"ftyp", b"mp42") + struct.pack(">I", 1) + b"moov" + struct.pack(">Q", 1 << 62), "extends beyond"),
    "no track.mp4": (lambda: makers.box(b"ftyp", b"mp42") + makers.box(b"moov", makers.box(b"mvhd", bytes(100))), "no video track"),
    "deep.mp4": (lambda: makers.box(b"ftyp", b"mp42") + nested(b"moov", 3_000), "no duration"),
    "checksum.png": (lambda: picture("PNG").replace(b"IHDR\0\0\0\x50", b"IHDR\0\0\0\x51"), "checksum"),
    "named.heic": (lambda: b"no picture at all", "not have the format of its name"),
    "photoshop.psd": (lambda: b"8BPS" + bytes(60), "Photoshop"),
    "video.mkv": (lambda: b"\x1a\x45\xdf\xa3" + bytes(60), "Matroska"),
    "archive.zip": (lambda: zipped({"a.jpg": PLAIN}), "archive inside"),
    "preview.raf": (lambda: makers.raf()[:84] + struct.pack(">II", 160, 1 << 31) + bytes(200), "truncated"),
}  # fmt: skip


def nested(kind: bytes, depth: int) -> bytes:
    content = b""
    for _ in range(depth):
        content = makers.box(kind, content)
    return content


def test_each_malicious_file_is_reported_and_the_others_are_read(tmp_path: Path) -> None:
    for name, (content, _) in MALICIOUS.items():
        (tmp_path / name).write_bytes(content())
    (tmp_path / "good.jpg").write_bytes(PLAIN)
    found = outcomes(readings(tmp_path))
    assert found.pop("good.jpg") == "read"
    assert {name: words in found[name] for name, (_, words) in MALICIOUS.items()} == dict.fromkeys(MALICIOUS, True), found


def test_compressed_text_is_decompressed_up_to_a_limit() -> None:
    bomb = zlib.compress(bytes(64 << 20), 9)
    chunk = b"zTXt" + b"Comment\0\0" + bomb
    png = picture("PNG")
    content = png[:33] + struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) + png[33:]
    assert record(content).width == 80


def test_a_huge_size_in_the_header_is_not_decoded() -> None:
    png = picture("PNG")
    header = b"IHDR" + struct.pack(">II", 100_000, 90_000) + png[24:29]
    assert record(png[:12] + header + struct.pack(">I", zlib.crc32(header)) + png[33:]).width == 100_000


def test_a_file_that_changes_while_it_is_read_is_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:

    def growing(file: io.FileIO) -> str:
        with Path(f"/proc/self/fd/{file.fileno()}").open("ab") as other:
            other.write(b"more")
        return "0" * 64

    monkeypatch.setattr(worker_jobs, "_hash", growing)
    assert "changed while it was read" in answer(PLAIN).reason


def many(kind: bytes, body: bytes, count: int) -> bytes:
    return PLAIN[:2] + (kind + struct.pack(">H", len(body) + 2) + body) * count + PLAIN[2:]


def test_parts_without_number_are_read_in_bounded_time_and_memory() -> None:
    """Joining or matching such parts one by one would take minutes."""
    spaces = b"Raw profile type iptc\0" + b" " * (7 << 20)
    png = picture("PNG")
    chunk = struct.pack(">I", len(spaces)) + b"tEXt" + spaces + struct.pack(">I", zlib.crc32(b"tEXt" + spaces))
    gif = picture("GIF", comment=b"x")
    at = gif.index(b"\x21\xfe\x01x\0") + 2
    contents = [
        many(b"\xff\xe1", b"Exif\0\0II*\0\x08\0\0\0\0\0", 5_000),
        many(b"\xff\xe1", b"Exif\0\0" + b"x" * 200, 15_000),
        many(b"\xff\xed", b"Photoshop 3.0\0" + b"x" * 200, 15_000),
        many(b"\xff\xe1", b"http://ns.adobe.com/xmp/extension/\0" + b"A" * 48, 15_000),
        png[:33] + chunk + png[33:],
        gif[:at] + (b"\xff" + b"y" * 255) * 25_000 + gif[at:],
        jpeg_with(PLAIN, (0xFE, b"corel" + b" 1" * 30_000)),
        jpeg_with(PLAIN, (0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta " + b"&a" * 30_000)),
    ]
    assert [record(content).width for content in contents] == [80] * len(contents)
    assert "header has no end" in answer(many(b"\xff\xe2", b"", 30_000)).reason


# Archives


def test_invalid_members_of_a_zip_are_rejected_and_the_others_are_read(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link.jpg")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    odd = zipfile.ZipInfo("odd.jpg")
    odd.compress_type = zipfile.ZIP_LZMA
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in (
            "good.jpg",
            "../../climbs.jpg",
            "/absolute.jpg",
            "a/../../b.jpg",
            "C:\\drive.jpg",
            "__MACOSX/._a.jpg",
            "d/empty.jpg",
        ):
            archive.writestr(name, b"" if "empty" in name else PLAIN)
        archive.writestr(link, "/etc/passwd")
        archive.writestr(odd, PLAIN)
        archive.writestr("inner.zip", zipped({"a.jpg": PLAIN}))
        archive.writestr("bomb.jpg", bytes(200 << 20), zipfile.ZIP_DEFLATED, 9)
    found = read_archive(tmp_path, out.getvalue())
    outside = "has a path outside the archive"
    assert [found[n] for n in ("../../climbs.jpg", "absolute.jpg", "a/../../b.jpg", "C:/drive.jpg")] == [outside] * 4
    assert found["good.jpg"] == "read"
    assert "links are not followed" in found["link.jpg"]
    assert "method" in found["odd.jpg"]
    assert "archive inside" in found["inner.zip"]
    assert "200 times" in found["bomb.jpg"]
    assert found["d/empty.jpg"] == "is empty"
    assert "operating system" in found["__MACOSX/._a.jpg"]


def test_an_encrypted_member_is_rejected(tmp_path: Path) -> None:
    content = bytearray(zipped({"secret.jpg": PLAIN, "good.jpg": PLAIN}))
    for at in (content.index(b"PK\x03\x04") + 6, content.index(b"PK\x01\x02") + 8):
        content[at] |= 1
    found = read_archive(tmp_path, bytes(content))
    assert "encrypted" in found["secret.jpg"]
    assert found["good.jpg"] == "read"


def test_a_damaged_member_is_rejected_alone(tmp_path: Path) -> None:
    content = bytearray(zipped({"bad.jpg": PLAIN, "good.jpg": PLAIN}))
    at = content.index(b"PK\x03\x04") + 30 + len("bad.jpg")
    content[at + 200 : at + 220] = bytes(20)
    found = read_archive(tmp_path, bytes(content))
    assert "damaged in its archive" in found["bad.jpg"]
    assert found["good.jpg"] == "read"


def test_a_member_that_is_larger_than_declared_is_rejected(tmp_path: Path) -> None:
    content = zipped({"liar.jpg": PLAIN + bytes(50_000)}).replace(
        struct.pack("<I", len(PLAIN) + 50_000), struct.pack("<I", 1_000)
    )
    assert "damaged in its archive" in read_archive(tmp_path, content)["liar.jpg"]


def test_overlapping_members_are_rejected(tmp_path: Path) -> None:
    """In an overlapping zip bomb, each local header is data of the previous member."""
    content = bytearray(zipped({"a.jpg": PLAIN, "b.jpg": PLAIN}))
    second = content.index(b"PK\x01\x02", content.index(b"PK\x01\x02") + 4)
    content[second + 42 : second + 46] = struct.pack("<I", 0)
    found = read_archive(tmp_path, bytes(content))
    assert "damaged in its archive" in found["b.jpg"]


def test_names_in_a_zip_may_have_any_bytes(tmp_path: Path) -> None:
    content = (
        zipped({"AAAAA.jpg": PLAIN, "BB.jpg": PLAIN + b"1"})
        .replace(b"AAAAA.jpg", b"sch\xc3\xb6.jpg")
        .replace(b"BB.jpg", b"\xff\xfe.jpg")
    )
    found = read_archive(tmp_path, content)
    assert found["schö.jpg"] == "read"
    assert len(found) == 2


UNLISTABLE = {
    "no list": b"PK\x03\x04" + bytes(60), "cut zip": zipped({"a.jpg": PLAIN})[:-30], "cut gz": b"\x1f\x8b\x08" + bytes(9),
    "no tar in gz": gzip.compress(b"no tar"), "no tar in xz": lzma.compress(b"no tar"), "bad bz2": b"BZh9" + bytes(20),
    "rar": b"Rar!" + bytes(60), "gz without its end": gzip.compress(bytes(2_000))[:-4],
}  # fmt: skip


@pytest.mark.parametrize("name", UNLISTABLE)
def test_an_archive_that_cannot_be_listed_is_rejected(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.zip").write_bytes(UNLISTABLE[name])
    with pytest.raises(Unreadable) as error:
        open_reader(tmp_path / "a.zip", spool=tmp_path).close()
    assert str(error.value).startswith("a.zip ")


def tar(write: Callable[[tarfile.TarFile], None]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        write(archive)
    return out.getvalue()


def write_invalid_members(archive: tarfile.TarFile) -> None:
    def add(name: str, content: bytes = PLAIN, kind: bytes = tarfile.REGTYPE, target: str = "") -> None:
        info = tarfile.TarInfo(name)
        info.type, info.size, info.linkname = kind, len(content) if kind == tarfile.REGTYPE else 0, target
        archive.addfile(info, io.BytesIO(content))

    add("good.jpg")
    add("../climbs.jpg")
    add("/absolute.jpg")
    add("link.jpg", kind=tarfile.SYMTYPE, target="/etc/passwd")
    add("hard.jpg", kind=tarfile.LNKTYPE, target="good.jpg")
    add("pipe.jpg", kind=tarfile.FIFOTYPE)
    add("device.jpg", kind=tarfile.CHRTYPE)
    add("live.jpg", makers.live_photo()[0])
    add("live.mov", makers.live_photo()[1])


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress], ids=["plain", "gz", "bz2", "xz"])
def test_a_tar_is_read_compressed_or_not(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    found = read_archive(tmp_path, pack(tar(write_invalid_members)), "library.tar")
    assert [found[n] for n in ("good.jpg", "live.jpg")] == ["read", "read"]
    assert "live.mov" not in found
    assert [found[n] for n in ("../climbs.jpg", "absolute.jpg")] == ["has a path outside the archive"] * 2
    assert all("links are not followed" in found[n] for n in ("link.jpg", "hard.jpg"))
    assert all(found[n] == "is not a regular file" for n in ("pipe.jpg", "device.jpg"))


def write_two(archive: tarfile.TarFile) -> None:
    for name in ("a.jpg", "b.jpg"):
        info = tarfile.TarInfo(name)
        info.size = len(PLAIN)
        archive.addfile(info, io.BytesIO(PLAIN))


def test_a_truncated_tar_is_read_up_to_its_end(tmp_path: Path) -> None:
    a_file = 512 + -(-len(PLAIN) // 512) * 512
    found = read_archive(tmp_path, tar(write_two)[: a_file + 512 + 100], "a.tar")
    assert found.pop("a.jpg") == "read"
    assert "b.jpg" in found
    assert all("truncated" in reason for reason in found.values())


def test_a_header_that_declares_gigabytes_ends_only_its_worker(tmp_path: Path) -> None:
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 6 << 30
    with (tmp_path / "a.tar").open("wb") as file:
        file.write(info.tobuf(tarfile.GNU_FORMAT))
        file.truncate(6 << 30)  # sparse: it uses no disk space
    with pytest.raises(Unreadable):
        open_reader(tmp_path / "a.tar", spool=tmp_path).close()


def test_copies_of_members_are_removed(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zipped({f"{n}.jpg": PLAIN + bytes([n]) for n in range(5)}))
    with reading(tmp_path / "a.zip") as reader:
        items = [r for r in reader.read() if isinstance(r, ImportItem)]
        originals = [i.original for i in items if i.original is not None]
        assert [o.path.read_bytes() for o in originals] == [PLAIN + bytes([n]) for n in range(5)]
        assert all(o.is_temporary for o in originals)
        spool = originals[0].path.parent
        reader.release(items[:4])
        assert [o.path.exists() for o in originals] == [False] * 4 + [True]
    assert not spool.exists()


def test_abandoned_copies_of_a_killed_process_are_removed(tmp_path: Path) -> None:
    (tmp_path / "spool-dead").mkdir()
    (tmp_path / "spool-dead" / "1").write_bytes(b"left")
    (tmp_path / "a.zip").write_bytes(zipped({"a.jpg": PLAIN}))
    reader = open_reader(tmp_path / "a.zip", spool=tmp_path)
    assert len(list(reader.read())) == 1
    assert not (tmp_path / "spool-dead").exists()
    reader.close()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.zip"]


def test_a_file_that_kills_its_worker_is_rejected(tmp_path: Path) -> None:
    """A sparse video whose header declares the maximum size."""
    body = b"moov" + bytes(100)
    with (tmp_path / "huge.mov").open("wb") as file:
        file.write(makers.box(b"ftyp", b"qt  ") + struct.pack(">I", 250 << 20) + body)
        file.truncate(300 << 20)
    (tmp_path / "good.jpg").write_bytes(PLAIN)
    found = outcomes(readings(tmp_path))
    assert found["good.jpg"] == "read"
    assert found["huge.mov"] != "read"


def test_a_folder_without_permission_is_reported(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "good.jpg").write_bytes(PLAIN)
    (tmp_path / "shut.jpg").write_bytes(PLAIN)
    (tmp_path / "closed").chmod(0)
    (tmp_path / "shut.jpg").chmod(0)
    found = readings(tmp_path)
    (tmp_path / "closed").chmod(0o700)
    reasons = outcomes(found)
    assert reasons["good.jpg"] == "read"
    if os.geteuid():  # root can open everything
        assert "cannot be opened" in reasons["closed"]
        assert "cannot be opened" in reasons["shut.jpg"]


def test_live_photos_are_paired_by_content_identifier_and_not_by_name_alone(tmp_path: Path) -> None:
    still, motion = makers.live_photo()
    files = {
        "IMG_E1.jpg": still,
        "IMG_1.mov": motion,
        "a.jpg": PLAIN,
        "a.mov": video(seconds=60),
        "b.jpg": PLAIN + b"b",
        "b.mp4": video(seconds=2, brand=b"mp42"),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    found = readings(tmp_path)
    items = {r.where: r.motion.content_type if r.motion else None for r in found if isinstance(r, ImportItem)}
    assert items == {"IMG_E1.jpg": "video/quicktime", "a.jpg": None, "a.mov": None, "b.jpg": "video/mp4"}
    assert not [r for r in found if isinstance(r, RejectedItem)]
