"""Files of pictures on disk."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from tests.media.gateway import RunningGateway, first

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_renditions_are_encrypted_and_found_by_the_next_process(gateway: RunningGateway) -> None:
    url = (await first(gateway))["image"]["url"]
    made = await gateway.get(url)
    kept = [p for p in (gateway.settings.data / "renditions").rglob("*") if p.is_file()]
    assert len(kept) == 1
    assert made.content[100:140] not in kept[0].read_bytes()
    kept[0].write_bytes(b"altered" * 20)
    assert (await gateway.get(url)).content == made.content


async def test_files_of_a_deleted_photo_are_removed(gateway: RunningGateway) -> None:
    photo = await first(gateway)
    before = files(gateway.settings.data / "media")
    await gateway.ask(
        "mutation($a: ID!) { deletePhotos(input: { ids: [$a] }) { deletedPhotoIds } }",
        {"a": photo["id"]},
        token=gateway.token("ana"),
    )
    assert len(before - files(gateway.settings.data / "media")) == 1
    known = gateway.sources.ids.decode(photo["id"])
    records, _ = await gateway.sources.pictures.of_owner(known.owner)
    assert known.local not in {r.id for r in records}


@pytest.mark.asyncio(loop_scope="function")
async def test_a_missing_file_has_a_blank_rendition(own_gateway: RunningGateway) -> None:
    reported = (await first(own_gateway))["image"]
    for path in (own_gateway.settings.data / "media").rglob("*"):
        if path.is_file():
            path.unlink()
    answer = await own_gateway.get(reported["url"])
    assert (answer.status_code, answer.headers["content-type"], answer.headers["cache-control"]) == (
        422,
        "image/jpeg",
        "no-store",
    )
    shown = Image.open(io.BytesIO(answer.content))
    assert abs(shown.width / shown.height - reported["width"] / reported["height"]) < 0.1


def files(folder: Path) -> set[Path]:
    return {p for p in folder.rglob("*") if p.is_file()}
