"""Times in the names of files, which count where a file states none."""

from __future__ import annotations

import pytest

from ingest.formats.merging import merge_sources
from ingest.formats.metadata import Moment, SourceMetadata
from ingest.formats.name_dates import add_date_of_name, date_of_name
from ingest.formats.precedence import EXIF, PLAIN, VIDEO

FIXED = {"sourceId": "sha256:1", "mediaType": "PHOTO"}
NAMES = {
    "IMG-20201018-WA0007.jpg": "2020-10-18T00:00:00",
    "IMG-20201018-WA0007(1).jpg": "2020-10-18T00:00:00",
    "VID-20240203-WA0001.mp4": "2024-02-03T00:00:00",
    "WhatsApp Image 2020-02-29 at 10.11.12.jpeg": "2020-02-29T10:11:12",
    "WhatsApp Image 2020-02-29 at 9.11.12 PM.jpeg": "2020-02-29T21:11:12",
    "signal-2020-02-29-101112.jpg": "2020-02-29T10:11:12",
    "signal-2020-02-29-10-11-12-123.jpg": "2020-02-29T10:11:12",
    "Screenshot_20200101-120000.png": "2020-01-01T12:00:00",
    "Screenshot_2020-02-29-10-11-12-123_com.app.png": "2020-02-29T10:11:12",
    "Screen Shot 2020-02-29 at 3.11.12 PM.png": "2020-02-29T15:11:12",
    "Screenshot 2020-02-29 at 12.11.12\u202fAM.png": "2020-02-29T00:11:12",
    "Bildschirmfoto 2020-02-29 um 10.11.12.png": "2020-02-29T10:11:12",
    "IMG_20170213_201229.jpg": "2017-02-13T20:12:29",
    "VID_20200229_101112.mp4": "2020-02-29T10:11:12",
    "20200229_101112.jpg": "2020-02-29T10:11:12",
    "20200229101112.jpg": "2020-02-29T10:11:12",
    "PXL_20210604_101500123.MP.jpg": "2021-06-04T10:15:00",
    "photo_2020-02-29_10-11-12.jpg": "2020-02-29T10:11:12",
    "2020-02-29 10.11.12.jpg": "2020-02-29T10:11:12",
    "1965-07-04 wedding.jpg": "1965-07-04T00:00:00",
    "FB_IMG_1582971072000.jpg": "2020-02-29T10:11:12",
    "mmexport1582971072000.jpg": "2020-02-29T10:11:12",
    "IMG_20200229_996112.jpg": "2020-02-29T00:00:00",
}
NO_DATES = (
    "IMG_1234.JPG", "DSC00017.ARW", "P1010101.JPG", "20209999_123.jpg", "2020-13-45.jpg", "00000000.jpg", "12345678901234.jpg",
    "18991231_101112.jpg", "3020200229.jpg", "", ".jpg", "2021-02-29.jpg",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_name_states_a_time(name: str) -> None:
    found = date_of_name(name)
    assert found is not None
    assert found.wall == NAMES[name]
    assert found.in_utc == name.startswith(("PXL", "FB", "mm"))


@pytest.mark.parametrize("name", NO_DATES)
def test_digits_that_are_no_date_are_none(name: str) -> None:
    assert date_of_name(name) is None


def taken(name: str, *sources: SourceMetadata) -> tuple[str | None, bool | None]:
    given = [*sources, SourceMetadata(PLAIN)]
    add_date_of_name(name, given)
    record, _ = merge_sources(given, dict(FIXED))
    return record.taken_local, record.taken_from_file_name


def test_a_time_of_the_file_itself_is_better() -> None:
    own = SourceMetadata(EXIF, moments={"DateTimeOriginal": Moment("2019-01-01T08:00:00")})
    tool = SourceMetadata(EXIF, moments={"ModifyDate": Moment("2021-01-01T08:00:00")})
    same_day = SourceMetadata(EXIF, moments={"ModifyDate": Moment("2020-10-18T08:00:00")})
    assert taken("IMG-20201018-WA0007.jpg", own) == ("2019-01-01T08:00:00", None)
    assert taken("IMG-20201018-WA0007.jpg", tool) == ("2020-10-18T00:00:00", True)
    assert taken("IMG-20201018-WA0007.jpg", same_day) == ("2020-10-18T08:00:00", None)
    assert taken("IMG-20201018-WA0007.jpg") == ("2020-10-18T00:00:00", True)


def test_an_instant_of_a_film_gives_the_offset_of_the_name_or_wins() -> None:
    near, far = (SourceMetadata(VIDEO, moments={"CreateDate": Moment(wall, 0, None, in_utc=True)}) for wall in
                 ("2020-02-29T08:11:12", "2018-01-01T00:00:00"))  # fmt: skip
    assert taken("VID_20200229_101112.mp4", near) == ("2020-02-29T10:11:12", True)
    assert taken("VID_20200229_101112.mp4", far) == ("2018-01-01T00:00:00", None)
