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
    """The only field of the operation's answer, which has no error of either kind."""
    (answer,) = (await gateway.answer(operations()[name], variables, as_=customer("ana"))).values()
    assert answer.get("userErrors", []) == []
    return answer


def test_every_mutation_that_can_be_sent_is_tried() -> None:
    assert names_of(OperationType.MUTATION) == CHANGES


async def test_a_tap_on_the_heart_of_two_photos_gives_both_back_changed(gateway: Gateway) -> None:
    await gateway.customer("ana")
    ids = await gateway.photos("ana", "beach", "snow")
    liked = await sent(gateway, "FavoritePhotosMutation", {"ids": ids, "favorite": True})
    assert [(p["id"], p["favorite"], p["version"]) for p in liked["photos"]] == [(ids[0], True, 2), (ids[1], True, 2)]
    head = await gateway.answer(
        operations()["TimelineHeadQuery"], {"filter": {"favorite": True}}, as_=customer("ana")
    )  # read after write
    assert head["photos"]["total"] == {"count": 2, "exact": True}


async def test_trash_and_its_undo_leave_the_photo_in_place(gateway: Gateway) -> None:
    await gateway.customer("ana")
    (photo,) = await gateway.photos("ana", "beach")
    gone = await sent(gateway, "TrashPhotosMutation", {"ids": [photo]})
    assert gone["photos"][0]["id"] == photo
    assert gone["photos"][0]["trashedAt"] is not None
    timeline = await gateway.answer(operations()["TimelineQuery"], {}, as_=customer("ana"))
    assert timeline["photos"]["edges"] == []
    back = await sent(gateway, "RestorePhotosMutation", {"ids": [photo]})
    assert back["photos"] == [{"id": photo, "trashedAt": None, "version": 3}]
    timeline = await gateway.answer(operations()["TimelineQuery"], {}, as_=customer("ana"))
    assert [edge["node"]["id"] for edge in timeline["photos"]["edges"]] == [photo]


async def test_the_share_dialog_shares_with_a_link_and_with_a_customer_and_ends_both(gateway: Gateway) -> None:
    ana, _ = await gateway.customer("ana"), await gateway.customer("kenji")
    album = await gateway.album(ana, "Pacific", *await gateway.photos("ana", "beach"))
    precision = {"albumId": album, "locationPrecision": "CITY", "timePrecision": "DAY"}
    kenji = gateway.id("Customer", "kenji", "kenji")
    link = await sent(gateway, "ShareAlbumMutation", {"input": {**precision, "with": {"link": True}}})
    person = await sent(gateway, "ShareAlbumMutation", {"input": {**precision, "with": {"customerId": kenji}}})
    assert "#" in link["share"]["url"]
    assert person["share"]["customer"]["id"] == kenji
    shares = [link["share"]["id"], person["share"]["id"]]
    dialog = await gateway.answer(operations()["AlbumShareDialogQuery"], {"id": album}, as_=ana)
    assert {share["id"] for share in dialog["album"]["shares"]} == set(shares)
    ended = await sent(gateway, "UnshareAlbumMutation", {"input": {"shareIds": shares}})
    assert set(ended["deletedShareIds"]) == set(shares)
    assert ended["album"] == {"id": album, "shares": []}


async def test_the_people_page_names_a_person_and_joins_two_that_are_one(gateway: Gateway) -> None:
    await gateway.customer("ana")
    luca, twin = await gateway.person("ana", "Luca"), await gateway.person("ana", "Luca?")
    named = await sent(gateway, "UpdatePersonMutation", {"input": {"id": luca, "set": {"name": "Luca Moretti"}}})
    assert (named["person"]["id"], named["person"]["name"]) == (luca, "Luca Moretti")
    joined = await sent(gateway, "MergePeopleMutation", {"input": {"intoId": luca, "ids": [twin]}})
    assert (joined["person"]["id"], joined["deletedPersonIds"]) == (luca, [twin])


async def test_a_batch_user_polls_follows_and_stops_an_operation(gateway: Gateway) -> None:
    ana = await gateway.customer("ana")
    job = await begun(gateway, ana)
    node = global_id(gateway.sources, job.key)
    seen = await gateway.answer(operations()["BatchStatusQuery"], {"id": node}, as_=ana)
    assert (seen["bulkOperation"]["id"], seen["bulkOperation"]["status"]) == (node, "QUEUED")
    stopped = await sent(gateway, "BatchCancelMutation", {"id": node})
    assert stopped["bulkOperation"] == {"id": node, "status": "CANCELED"}
    _, documents, runner = served()
    prepared = documents.prepare(operations()["BatchProgressSubscription"])
    context = Context(gateway.sources, gateway.freshness, ana, ("en",))
    events = [a["data"]["bulkOperationChanged"]["status"] async for a in runner.subscribe(prepared, {"id": node}, context)]
    await context.aclose()
    assert events == ["CANCELED"]
