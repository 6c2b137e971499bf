"""A title beside a description can be read, found, exported and imported again."""

from __future__ import annotations

import asyncio
from pathlib import Path

from resolvers.exporting.sidecar import sidecar
from tests.ingest.files import record
from tests.ingest.makers import bag, xmp
from tests.media.gateway import imported, jpeg, picture, running_gateway


async def test_a_title_is_stored_beside_the_caption(tmp_path: Path) -> None:
    folder = tmp_path / "library"

    def write() -> None:
        folder.mkdir()
        (folder / "a.jpg").write_bytes(jpeg(picture(1)))
        texts = bag("dc:title", "Sonnenaufgang", kind="Alt") + bag("dc:description", "Am Meer", kind="Alt")
        (folder / "a.jpg.xmp").write_bytes(xmp("", texts))

    await asyncio.to_thread(write)
    await imported(tmp_path / "data", folder)
    async with running_gateway(tmp_path / "data") as gateway:
        (seen,) = await gateway.photos("title caption", token=gateway.token("ana"))
        assert (seen["title"], seen["caption"]) == ("Sonnenaufgang", "Am Meer")
        query = '{ searchPhotos(query: "sonnenaufgang") { edges { node { title } } } }'
        found = await gateway.ask(query, token=gateway.token("ana"))
        assert [edge["node"]["title"] for edge in found["searchPhotos"]["edges"]] == ["Sonnenaufgang"]


def test_an_exported_sidecar_has_the_title() -> None:
    again = record(jpeg(picture(1)), xmp=sidecar({"caption": "Am Meer", "title": "Sonne & Mond"}))
    assert (again.caption, again.title) == ("Am Meer", "Sonne & Mond")
