"""What is taken back is refused at once, and what is gone costs no more than its picture."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

import pytest

from tests.media.gateway import PICTURE, House, first

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def share(home: House, album: str, *, originals: bool) -> str:
    """Ana shares an album with Bob, or changes that share; gives its id."""
    bob = (await home.ask("{ viewer { customer { id } } }", token=home.token("bob")))["viewer"]["customer"]["id"]
    made = await home.ask(
        "mutation($i: ShareAlbumInput!) { shareAlbum(input: $i) { share { id } userErrors { message } } }",
        {"i": {"albumId": album, "with": {"customerId": bob}, "originals": originals}},
        token=home.token("ana"),
    )
    return str(made["shareAlbum"]["share"]["id"])


async def album_of(home: House, name: str) -> tuple[str, str]:
    """An album with one of Ana's photos; gives the photo's and its own id."""
    named = await home.photos("fileName", token=home.token("ana"))
    photo = next(p["id"] for p in named if p["fileName"] == name)
    made = await home.ask(
        "mutation($i: CreateAlbumInput!) { createAlbum(input: $i) { album { id } } }",
        {"i": {"title": name, "photoIds": [photo]}},
        token=home.token("ana"),
    )
    return photo, made["createAlbum"]["album"]["id"]


async def seen_by_bob(home: House, photo: str, fields: str = PICTURE) -> Any:
    data = await home.ask(f"query($id: ID!) {{ photo(id: $id) {{ {fields} }} }}", {"id": photo}, token=home.token("bob"))
    return data["photo"]


async def test_a_share_shows_renditions_and_originals_only_when_it_says_so(home: House) -> None:
    photo, album = await album_of(home, "IMG_8.jpg")
    await share(home, album, originals=False)
    seen = await seen_by_bob(home, photo, PICTURE + " placeholder viewerCan duplicates { id }")
    assert (await home.get(seen["image"]["url"])).status_code == 200
    assert (seen["original"], seen["viewerCan"], seen["duplicates"]) == (None, [], [])
    assert b64decode(seen["placeholder"])
    await share(home, album, originals=True)
    seen = await seen_by_bob(home, photo, PICTURE + " viewerCan")
    assert seen["viewerCan"] == ["DOWNLOAD_ORIGINAL"]
    assert (await home.get(seen["original"]["url"])).status_code == 200


MUTATIONS = {
    "the share": "unshareAlbum(input: { shareIds: [$share] })",
    "the photo": "trashPhotos(input: { ids: [$photo] })",
    "the photo for good": "deletePhotos(input: { ids: [$photo] })",
    "the photo from the album": "removeFromAlbum(input: { albumId: $album, photoIds: [$photo] })",
    "the album": "deleteAlbum(input: { id: $album })",
}


CASES = [*MUTATIONS, "the originals"]


@pytest.mark.parametrize("what", CASES)
async def test_what_is_taken_back_is_refused_at_once(home: House, what: str) -> None:
    photo, album = await album_of(home, f"IMG_{CASES.index(what)}.jpg")
    shared = await share(home, album, originals=True)
    seen = await seen_by_bob(home, photo)
    assert [(await home.get(seen[k]["url"])).status_code for k in ("image", "original")] == [200, 200]
    if what == "the originals":
        await share(home, album, originals=False)
    else:
        given = {"share": shared, "photo": photo, "album": album}
        used = {name: value for name, value in given.items() if f"${name}" in MUTATIONS[what]}
        declared = ", ".join(f"${name}: ID!" for name in used)
        document = f"mutation({declared}) {{ {MUTATIONS[what]} {{ userErrors {{ message }} }} }}"
        await home.ask(document, used, token=home.token("ana"))
    assert (await home.get(seen["original"]["url"])).status_code == 403
    assert (await home.get(seen["image"]["url"])).status_code == (200 if what == "the originals" else 403)


@pytest.mark.asyncio(loop_scope="function")
async def test_the_pictures_of_an_erased_owner_are_refused_at_once(own_home: House) -> None:
    photo = await first(own_home)
    assert (await own_home.get(photo["image"]["url"])).status_code == 200
    await own_home.sources.keys.destroy(own_home.sources.ids.decode(photo["id"]).owner)
    assert [(await own_home.get(photo[k]["url"])).status_code for k in ("image", "original")] == [403, 403]
