"""Two gateways on one stack, as production runs them: what one takes back, the other shows nobody any more."""

from __future__ import annotations

from typing import Any

import pytest

from tests.requests.harness import ROME, Gateway
from tests.stack.stacks import gateway_on, made, stack_of

pytestmark = pytest.mark.servers
REQUESTED = """query($album: ID!, $photo: ID!) {
  album(id: $album) { photos(first: 5) { total { count } nodes { id } } }
  photo(id: $photo) { id location { latitude } }
}"""
SHARE = "mutation($i: ShareAlbumInput!) { shareAlbum(input: $i) { share { id } userErrors { code } } }"
END = "mutation($i: UnshareAlbumInput!) { unshareAlbum(input: $i) { deletedShareIds } }"
CHANGE = "mutation($i: ShareAlbumInput!) { shareAlbum(input: $i) { userErrors { code } } }"


async def shared(here: Gateway) -> tuple[dict[str, str], dict[str, Any]]:
    ana, bob = await here.customer("ana"), await here.customer("bob")
    photos = await here.photos("ana", "one", "two", caption="Sea", at=ROME, place="IT")
    album = await here.album(ana, "Trip", *photos)
    target: dict[str, Any] = {
        "albumId": album,
        "with": {"customerId": here.id("Customer", "bob", "bob")},
        "locationPrecision": "EXACT",
    }
    reported = (await here.answer(SHARE, {"i": target}, as_=ana))["shareAlbum"]
    assert reported["userErrors"] == []
    await here.accept(bob)
    seen = await here.answer(REQUESTED, {"album": album, "photo": photos[0]}, as_=bob)
    assert seen["photo"]["location"] is not None
    return {"album": album, "photo": photos[0], "share": reported["share"]["id"]}, target


async def test_what_one_takes_back_the_other_shows_nobody() -> None:
    async with made(stack_of()) as stack, gateway_on(stack) as here, gateway_on(stack) as there:
        ids, target = await shared(here)
        ana, bob = await here.customer("ana"), await there.customer("bob")
        requested = {"album": ids["album"], "photo": ids["photo"]}
        first = await there.answer(REQUESTED, requested, as_=bob)
        assert first["album"]["photos"]["total"]["count"] == 2
        assert first["photo"]["location"] is not None

        changed = await here.answer(CHANGE, {"i": {**target, "locationPrecision": "NONE"}}, as_=ana)
        assert changed["shareAlbum"]["userErrors"] == []
        assert (await there.answer(REQUESTED, requested, as_=bob))["photo"] == {"id": ids["photo"], "location": None}

        await here.answer(END, {"i": {"shareIds": [ids["share"]]}}, as_=ana)
        assert await there.answer(REQUESTED, requested, as_=bob) == {"album": None, "photo": None}
        assert await here.answer(REQUESTED, requested, as_=bob) == {"album": None, "photo": None}
