from __future__ import annotations

from typing import Any

from graphql import OperationType

from resolvers.context import Context
from resolvers.jobs.start import global_id
from tests.jobs.makers import begun
from tests.operations.client_operations import names_of, operations
from tests.requests.harness import Gateway, customer, served

CHANGES = {
    "BatchCancelMutation", "FavoritePhotosMutation", "MergePeopleMutation", "RestorePhotosMutation", "ShareAlbumMutation",
    "TrashPhotosMutation", "UnshareAlbumMutation", "UpdatePersonMutation",
}  # fmt: skip


async def sent(gateway: Gateway, name: str, variables: dict[str, Any]) -> Any:
    """Runs an operation and returns its only field; there must be no errors and no user errors."""
    (answer,) = (await gateway.answer(operations()[name], variables, as_=customer("ana"))).values()
    assert answer.get("userErrors", []) == []
    return answer


def test_every_served_mutation_is_tested() -> None:
    assert names_of(OperationType.MUTATION) == CHANGES


async def test_two_photos_marked_as_favorites_are_returned_changed(gateway: Gateway) -> None:
    await gateway.customer("ana")
    ids = await gateway.photos("ana", "beach", "snow")
    liked = await sent(gateway, "FavoritePhotosMutation", {"ids": ids, "favorite": True})
    assert [(p["id"], p["favorite"], p["version"]) for p in liked["photos"]] == [(ids[0], True, 2), (ids[1], True, 2)]
    head = await gateway.answer(
        operations()["TimelineHeadQuery"], {"filter": {"favorite": True}}, as_=customer("ana")
    )  # read after write
    assert head["photos"]["total"] == {"count": 2, "exact": True}


async def test_a_photo_can_be_trashed_and_restored(gateway: Gateway) -> None:
    await gateway.customer("ana")
    (photo,) = await gateway.photos("ana", "beach")
    trashed = await sent(gateway, "TrashPhotosMutation", {"ids": [photo]})
    assert trashed["photos"][0]["id"] == photo
    assert trashed["photos"][0]["trashedAt"] is not None
    timeline = await gateway.answer(operations()["TimelineQuery"], {}, as_=customer("ana"))
    assert timeline["photos"]["edges"] == []
    restored = await sent(gateway, "RestorePhotosMutation", {"ids": [photo]})
    assert restored["photos"] == [{"id": photo, "trashedAt": None, "version": 3}]
    timeline = await gateway.answer(operations()["TimelineQuery"], {}, as_=customer("ana"))
    assert [edge["node"]["id"] for edge in timeline["photos"]["edges"]] == [photo]


async def test_the_share_dialog_creates_and_deletes_shares_by_link_and_with_a_customer(gateway: Gateway) -> None:
    ana, other = await gateway.customer("ana"), await gateway.customer("kenji")
    album = await gateway.album(ana, "Pacific", *await gateway.photos("ana", "beach"))
    precision = {"albumId": album, "locationPrecision": "CITY", "timePrecision": "DAY"}
    kenji = gateway.id("Customer", "kenji", "kenji")
    link = await sent(gateway, "ShareAlbumMutation", {"input": {**precision, "with": {"link": True}}})
    person = await sent(gateway, "ShareAlbumMutation", {"input": {**precision, "with": {"customerId": kenji}}})
    assert "#" in link["share"]["url"]
    assert person["share"]["customer"] is None
    await gateway.accept(other)
    shares = [link["share"]["id"], person["share"]["id"]]
    dialog = await gateway.answer(operations()["AlbumShareDialogQuery"], {"id": album}, as_=ana)
    assert {share["id"]: share["customer"] and share["customer"]["id"] for share in dialog["album"]["shares"]} == {
        shares[0]: None, shares[1]: kenji
    }  # fmt: skip
    ended = await sent(gateway, "UnshareAlbumMutation", {"input": {"shareIds": shares}})
    assert set(ended["deletedShareIds"]) == set(shares)
    assert ended["album"] == {"id": album, "shares": []}


async def test_the_people_page_names_a_person_and_merges_two_people(gateway: Gateway) -> None:
    await gateway.customer("ana")
    luca, duplicate = await gateway.person("ana", "Luca"), await gateway.person("ana", "Luca?")
    named = await sent(gateway, "UpdatePersonMutation", {"input": {"id": luca, "set": {"name": "Luca Moretti"}}})
    assert (named["person"]["id"], named["person"]["name"]) == (luca, "Luca Moretti")
    merged = await sent(gateway, "MergePeopleMutation", {"input": {"intoId": luca, "ids": [duplicate]}})
    assert (merged["person"]["id"], merged["deletedPersonIds"]) == (luca, [duplicate])


async def test_a_bulk_operation_can_be_polled_subscribed_to_and_canceled(gateway: Gateway) -> None:
    ana = await gateway.customer("ana")
    job = await begun(gateway, ana)
    node = global_id(gateway.sources, job.key)
    seen = await gateway.answer(operations()["BatchStatusQuery"], {"id": node}, as_=ana)
    assert (seen["bulkOperation"]["id"], seen["bulkOperation"]["status"]) == (node, "QUEUED")
    stopped = await sent(gateway, "BatchCancelMutation", {"id": node})
    assert stopped["bulkOperation"] == {"id": node, "status": "CANCELED"}
    _, documents, runner = served()
    prepared = documents.prepare(operations()["BatchProgressSubscription"])
    context = Context(gateway.sources, gateway.index_lag, ana, ("en",))
    events = [a["data"]["bulkOperationChanged"]["status"] async for a in runner.subscribe(prepared, {"id": node}, context)]
    await context.aclose()
    assert events == ["CANCELED"]
