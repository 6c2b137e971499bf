"""A live photo is one item, and its film can be had by whoever may have originals."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.formats.embedded_film import embedded_film
from tests.ingest.makers import live_photo
from tests.media.gateway import imported, running_gateway

FIELDS = "fileName mediaType original { url contentType } motion { url contentType }"


@pytest.mark.parametrize(
    ("still", "film"), [("IMG_501.JPG", "IMG_501.MOV"), ("PXL_2.MP.jpg", "PXL_2.MP"), ("pxl_3.mp.JPG", "PXL_3.MP")]
)
async def test_the_film_of_a_live_photo_is_served(tmp_path: Path, still: str, film: str) -> None:
    picture, motion = live_photo()
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / still).write_bytes(picture)
    (tmp_path / "p" / film).write_bytes(motion)
    await imported(tmp_path / "data", tmp_path / "p")
    async with running_gateway(tmp_path / "data") as gateway:
        (seen,) = await gateway.photos(FIELDS, token=gateway.token("ana"))
        assert (seen["fileName"], seen["mediaType"]) == (still, "PHOTO")
        answer = await gateway.get(seen["motion"]["url"], range="bytes=4-7")
        assert (answer.status_code, answer.content) == (206, motion[4:8])
        assert answer.headers["content-type"] == seen["motion"]["contentType"]
        assert answer.headers["content-type"].startswith("video/")
        assert (await gateway.get(seen["original"]["url"])).content == picture
        assert await gateway.photos(FIELDS, token=gateway.token("bob")) == []


@pytest.mark.parametrize(("before", "after"), [(b"", b""), (b"\0\0\x01\x0aMotionPhoto_Data", b"\0SEFHk\0\0\0SEFT")])
@pytest.mark.parametrize("link", [False, True])
async def test_the_film_inside_a_motion_photo_is_served(tmp_path: Path, before: bytes, after: bytes, *, link: bool) -> None:
    picture, motion = live_photo()
    (tmp_path / "p").mkdir()
    whole = picture + before + motion + after
    (tmp_path / "p" / "20240501_100000.jpg").write_bytes(whole)
    await imported(tmp_path / "data", tmp_path / "p", link=link)
    async with running_gateway(tmp_path / "data") as gateway:
        (seen,) = await gateway.photos(FIELDS, token=gateway.token("ana"))
        assert (await gateway.get(seen["motion"]["url"])).content == motion
        assert (await gateway.get(seen["original"]["url"])).content == whole


def test_what_is_no_film_is_none() -> None:
    picture, motion = live_photo()
    assert embedded_film(picture + motion) == (len(picture), len(picture + motion))
    for damaged in (picture, motion, picture + motion[:60], picture + b"\0\0\0\x14ftypmp42", picture + b"ftyp" * 9, b"ftypmp42"):
        assert embedded_film(damaged) is None
