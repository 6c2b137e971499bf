"""Revoked access to pictures, and missing files."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

import pytest

from tests.media.gateway import PICTURE, RunningGateway, first

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def share(gateway: RunningGateway, album: str, *, originals: bool) -> str:
    """Creates or changes the share of an album of Ana with Bob, and returns its id."""
    bob = (await gateway.ask("{ viewer { customer { id } } }", token=gateway.token("bob")))["viewer"]["customer"]["id"]
    made = await gateway.ask(
        "mutation($i: ShareAlbumInput!) { shareAlbum(input: $i) { share { id } userErrors { message } } }",
        {"i": {"albumId": album, "with": {"customerId": bob}, "originals": originals}},
        token=gateway.token("ana"),
    )
    invited = await gateway.ask("{ viewer { invitations { nodes { id } } } }", token=gateway.token("bob"))
    for invitation in invited["viewer"]["invitations"]["nodes"]:
        await gateway.ask(
            "mutation($i: ID!) { acceptShare(input: {invitationId: $i}) { userErrors { code } } }",
            {"i": invitation["id"]},
            token=gateway.token("bob"),
        )
    return str(made["shareAlbum"]["share"]["id"])


async def album_of(gateway: RunningGateway, name: str) -> tuple[str, str]:
    """Creates an album with a photo of Ana, and returns both ids."""
    named = await gateway.photos("fileName", token=gateway.token("ana"))
    photo = next(p["id"] for p in named if p["fileName"] == name)
    made = await gateway.ask(
        "mutation($i: CreateAlbumInput!) { createAlbum(input: $i) { album { id } } }",
        {"i": {"title": name, "photoIds": [photo]}},
        token=gateway.token("ana"),
    )
    return photo, made["createAlbum"]["album"]["id"]


async def seen_by_bob(gateway: RunningGateway, photo: str, fields: str = PICTURE) -> Any:
    data = await gateway.ask(f"query($id: ID!) {{ photo(id: $id) {{ {fields} }} }}", {"id": photo}, token=gateway.token("bob"))
    return data["photo"]


async def test_a_share_includes_originals_only_if_it_grants_them(gateway: RunningGateway) -> None:
    photo, album = await album_of(gateway, "IMG_8.jpg")
    await share(gateway, album, originals=False)
    seen = await seen_by_bob(gateway, photo, PICTURE + " placeholder viewerCan duplicates { id }")
    assert (await gateway.get(seen["image"]["url"])).status_code == 200
    assert (seen["original"], seen["viewerCan"], seen["duplicates"]) == (None, [], [])
    assert b64decode(seen["placeholder"])
    await share(gateway, album, originals=True)
    seen = await seen_by_bob(gateway, photo, PICTURE + " viewerCan")
    assert seen["viewerCan"] == ["DOWNLOAD_ORIGINAL"]
    assert (await gateway.get(seen["original"]["url"])).status_code == 200


MUTATIONS = {
    "the share": "unshareAlbum(input: { shareIds: [$share] })",
    "the photo": "trashPhotos(input: { ids: [$photo] })",
    "the photo for good": "deletePhotos(input: { ids: [$photo] })",
    "the photo from the album": "removeFromAlbum(input: { albumId: $album, photoIds: [$photo] })",
    "the album": "deleteAlbum(input: { id: $album })",
}


CASES = [*MUTATIONS, "the originals"]


@pytest.mark.parametrize("what", CASES)
async def test_revoked_access_is_refused_immediately(gateway: RunningGateway, what: str) -> None:
    photo, album = await album_of(gateway, f"IMG_{CASES.index(what)}.jpg")
    shared = await share(gateway, album, originals=True)
    seen = await seen_by_bob(gateway, photo)
    assert [(await gateway.get(seen[k]["url"])).status_code for k in ("image", "original")] == [200, 200]
    if what == "the originals":
        await share(gateway, album, originals=False)
    else:
        given = {"share": shared, "photo": photo, "album": album}
        used = {name: value for name, value in given.items() if f"${name}" in MUTATIONS[what]}
        declared = ", ".join(f"${name}: ID!" for name in used)
        document = f"mutation({declared}) {{ {MUTATIONS[what]} {{ userErrors {{ message }} }} }}"
        await gateway.ask(document, used, token=gateway.token("ana"))
    assert (await gateway.get(seen["original"]["url"])).status_code == 403
    assert (await gateway.get(seen["image"]["url"])).status_code == (200 if what == "the originals" else 403)


@pytest.mark.asyncio(loop_scope="function")
async def test_pictures_of_an_erased_owner_are_refused_immediately(own_gateway: RunningGateway) -> None:
    photo = await first(own_gateway)
    assert (await own_gateway.get(photo["image"]["url"])).status_code == 200
    await own_gateway.sources.keys.destroy(own_gateway.sources.ids.decode(photo["id"]).owner)
    assert [(await own_gateway.get(photo[k]["url"])).status_code for k in ("image", "original")] == [403, 403]
