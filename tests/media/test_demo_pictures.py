"""The pictures of the demo: drawn when they are read, for new data folders and for folders of earlier versions."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio
from PIL import Image

from access.policy import OWNER_VISIBILITY
from access.viewer import Viewer, ViewerKind
from commands.progress import PlainProgress
from datasources import Sources
from datasources.photo_key import PhotoKey
from datasources.tables.photos import SeenPhoto
from datasources.tables.pictures import SeenPicture
from demo import drawn_pictures
from demo.drawing import draw
from demo.drawn_pictures import drawing_of
from demo.library import demo_library
from demo.load import load_demo, with_demo
from indexing.open_stores import open_exclusive
from pictures.size_ladder import Size
from pictures.thumbhash import thumbhash
from resolvers.viewer_scope import scope_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def demo(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Path, Sources]]:
    """A data folder with a small demo library, during whose load nothing may be drawn."""
    folder = tmp_path_factory.mktemp("demo")
    with pytest.MonkeyPatch.context() as patch:
        patch.delattr(drawn_pictures, "draw")
        async with open_exclusive(folder, "tests") as sources:
            await load_demo(sources, folder, PlainProgress(io.StringIO()), demo_library(photos=150))
    async with open_exclusive(folder, "tests") as sources:
        yield folder, sources


async def photos_of(sources: Sources, customer: str) -> list[SeenPhoto]:
    owner = sources.ids.local_id("customer", customer)
    scope = await scope_of(sources, Viewer(ViewerKind.CUSTOMER, customer, customer=owner))
    records, _ = await sources.photos.of_owner(owner)
    return list((await sources.photos.by_ids(scope, [record.key for record in records])).values())


async def pictures_of(sources: Sources, photos: list[SeenPhoto]) -> dict[PhotoKey, SeenPicture]:
    scope = await scope_of(sources, Viewer(ViewerKind.CUSTOMER, "ana", customer=photos[0].record.owner))
    return dict(await sources.pictures.of_photos(scope, photos))


async def read(sources: Sources, photo: SeenPhoto, name: str) -> bytes:
    stream = await sources.originals.open(OWNER_VISIBILITY, photo.record.owner, name)
    assert stream is not None
    return b"".join([piece async for piece in stream.read(0, stream.size)])


async def test_placeholders_are_those_of_the_drawings(demo: tuple[Path, Sources]) -> None:
    sources = await with_demo(demo[1], demo[0])
    photos = await photos_of(sources, "ana")
    pictures = await pictures_of(sources, photos)
    assert set(pictures) == {photo.key for photo in photos}
    for photo in photos:
        drawing = drawing_of(photo.record)
        longer = max(drawing.size)
        small = Size(*(max(round(side * 32 / longer), 1) for side in drawing.size))
        shown = pictures[photo.key].shown
        assert shown is not None
        assert shown.thumbhash == thumbhash(draw(drawing.subject, small))


async def test_files_are_drawn_in_their_sizes(demo: tuple[Path, Sources]) -> None:
    sources = await with_demo(demo[1], demo[0])
    photos = await photos_of(sources, "ana")
    pictures = await pictures_of(sources, photos)
    photo = next(p for p in photos if pictures[p.key].record.original and (p.record.width or 0) > 2560)
    record = pictures[photo.key].record
    assert record.original is not None
    assert record.source is not None
    original = await read(sources, photo, record.original)
    assert Image.open(io.BytesIO(original)).size == (photo.record.width, photo.record.height)
    poster = await read(sources, photo, record.source)
    assert min(Image.open(io.BytesIO(poster)).size) >= min(2560, photo.record.width or 0, photo.record.height or 0)
    assert await read(sources, photo, record.source) == poster


async def test_videos_have_no_original_and_unknown_sizes_no_rendition(demo: tuple[Path, Sources]) -> None:
    sources = await with_demo(demo[1], demo[0])
    for photo in await photos_of(sources, "ana"):
        record = (await sources.pictures.raw([photo.key]))[photo.key]
        sized = photo.record.width is not None and photo.record.height is not None
        assert (record.original is not None) == (sized and photo.record.media_type != "VIDEO")
        assert (record.source is not None) == sized


async def test_without_the_adapters_the_rows_refer_to_no_file(demo: tuple[Path, Sources]) -> None:
    _, plain = demo
    photo = (await photos_of(plain, "ana"))[0]
    record = (await plain.pictures.raw([photo.key]))[photo.key]
    assert record.linked
    assert await plain.originals.open(OWNER_VISIBILITY, photo.record.owner, record.files[0]) is None


async def test_a_folder_of_an_earlier_version_gets_its_rows_when_it_is_opened(demo: tuple[Path, Sources]) -> None:
    folder, plain = demo
    photos = await photos_of(plain, "ana")
    before = await plain.pictures.raw([photo.key for photo in photos])
    await plain.pictures.delete_many(before.values())
    stored = msgspec.json.decode((folder / "demo.json").read_bytes())
    del stored["picture_rows"]
    (folder / "demo.json").write_bytes(msgspec.json.encode(stored))
    sources = await with_demo(plain, folder)
    assert await sources.pictures.raw([photo.key for photo in photos]) == before


async def test_a_folder_without_the_demo_keeps_its_sources(demo: tuple[Path, Sources], tmp_path: Path) -> None:
    assert await with_demo(demo[1], tmp_path) is demo[1]
