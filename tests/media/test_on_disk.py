"""What lies on the disk for pictures, and what becomes of it."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from tests.media.gateway import House, first

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_renditions_lie_sealed_and_are_found_by_the_next_process(home: House) -> None:
    url = (await first(home))["image"]["url"]
    made = await home.get(url)
    kept = [p for p in (home.settings.data / "renditions").rglob("*") if p.is_file()]
    assert len(kept) == 1
    assert made.content[100:140] not in kept[0].read_bytes()
    kept[0].write_bytes(b"altered" * 20)
    assert (await home.get(url)).content == made.content


async def test_files_of_a_deleted_photo_go(home: House) -> None:
    photo = await first(home)
    before = files(home.settings.data / "media")
    await home.ask(
        "mutation($a: ID!) { deletePhotos(input: { ids: [$a] }) { deletedPhotoIds } }",
        {"a": photo["id"]},
        token=home.token("ana"),
    )
    assert len(before - files(home.settings.data / "media")) == 1
    known = home.sources.ids.decode(photo["id"])
    records, _ = await home.sources.pictures.of_owner(known.owner)
    assert known.local not in {r.id for r in records}


@pytest.mark.asyncio(loop_scope="function")
async def test_a_file_that_is_gone_costs_one_placeholder(own_home: House) -> None:
    told = (await first(own_home))["image"]
    for path in (own_home.settings.data / "media").rglob("*"):
        if path.is_file():
            path.unlink()
    answer = await own_home.get(told["url"])
    assert (answer.status_code, answer.headers["content-type"], answer.headers["cache-control"]) == (
        422,
        "image/jpeg",
        "no-store",
    )
    shown = Image.open(io.BytesIO(answer.content))
    assert abs(shown.width / shown.height - told["width"] / told["height"]) < 0.1


def files(folder: Path) -> set[Path]:
    return {p for p in folder.rglob("*") if p.is_file()}
