"""A share with a customer gives nothing to either side until the customer accepts it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from access.viewer import Viewer
from datasources.tables.customers import Identity
from datasources.tables.invitations import KEPT_MS, InvitationRecord
from resolvers.writing import shares
from tests.jobs.makers import Clock
from tests.requests.harness import Gateway, guest, opened

SHARE = """mutation($i: ShareAlbumInput!) { shareAlbum(input: $i) {
  album { shares { id } }
  share { id kind customer { id displayName } customerId acceptedAt locationPrecision }
  userErrors { code field message nodeId } } }"""
UNSHARE = "mutation($i: UnshareAlbumInput!) { unshareAlbum(input: $i) { deletedShareIds userErrors { code } } }"
ACCEPT = "mutation($i: AcceptShareInput!) { acceptShare(input: $i) { album { id title } userErrors { code field } } }"
DECLINE = "mutation($i: DeclineShareInput!) { declineShare(input: $i) { declinedInvitationId userErrors { code field } } }"
LEAVE = "mutation($i: LeaveShareInput!) { leaveShare(input: $i) { leftAlbumId userErrors { code field } } }"
INVITED = """query($first: Int, $after: String) { viewer { invitations(first: $first, after: $after) {
  edges { cursor } pageInfo { hasNextPage endCursor }
  nodes { id senderName albumTitle locationPrecision timePrecision originals createdAt expiresAt shareExpiresAt } } } }"""
SHARES = "query($i: ID!) { album(id: $i) { shares { id customer { displayName } acceptedAt } } }"
SEEN = "query($p: ID!, $a: ID!) { photo(id: $p) { id } album(id: $a) { title } photos(library: ALL) { nodes { id } } }"
NOTHING: dict[str, Any] = {"photo": None, "album": None, "photos": {"nodes": []}}


@pytest.fixture
async def ana(gateway: Gateway) -> Viewer:
    return await named(gateway, "ana")


@pytest.fixture
async def bob(gateway: Gateway) -> Viewer:
    return await named(gateway, "bob")


async def named(gateway: Gateway, name: str) -> Viewer:
    viewer = await gateway.customer(name)
    (record,) = (await gateway.sources.customers.raw([name])).values()
    await gateway.sources.customers.save(record, identity=Identity(f"{name}@outside", f"{name.title()} Secret"))
    return viewer


async def run(gateway: Gateway, query: str, viewer: Viewer, **given):
    return next(iter((await gateway.answer(query, {"i": given}, as_=viewer)).values()))


async def shared(gateway: Gateway, viewer: Viewer, album: str, name: str, **more):
    customer = {"customerId": gateway.id("Customer", name, name)}
    return await run(gateway, SHARE, viewer, albumId=album, **{"with": customer}, **more)


async def invited(gateway: Gateway, viewer: Viewer, **given):
    return (await gateway.answer(INVITED, given, as_=viewer))["viewer"]["invitations"]


async def test_an_invitation_shows_its_sender_and_title_and_gives_access_only_when_accepted(gateway, ana, bob) -> None:
    photo = await gateway.photo("ana", "a")
    album = await gateway.album(ana, "Trip", photo)
    share = (await shared(gateway, ana, album, "bob", timePrecision="DAY"))["share"]
    assert (share["customer"], share["acceptedAt"]) == (None, None)
    assert share["customerId"] == gateway.id("Customer", "bob", "bob")
    (seen,) = (await invited(gateway, bob))["nodes"]
    assert [seen[k] for k in ("senderName", "albumTitle", "locationPrecision", "timePrecision", "originals")] == [
        "Ana Secret", "Trip", "CITY", "DAY", False
    ]  # fmt: skip
    what = {"p": photo, "a": album}
    assert await gateway.answer(SEEN, what, as_=bob) == NOTHING
    assert (await gateway.answer("query($i: ID!) { node(id: $i) { id } }", {"i": share["id"]}, as_=bob))["node"] is None
    for _ in range(2):  # a repeat succeeds
        accepted = await run(gateway, ACCEPT, bob, invitationId=seen["id"])
        assert accepted == {"album": {"id": album, "title": "Trip"}, "userErrors": []}
    assert (await invited(gateway, bob))["nodes"] == []
    assert await gateway.answer(SEEN, what, as_=bob) == {
        "photo": {"id": photo}, "album": {"title": "Trip"}, "photos": {"nodes": [{"id": photo}]}
    }  # fmt: skip
    (own,) = (await gateway.answer(SHARES, {"i": album}, as_=ana))["album"]["shares"]
    assert (own["id"], own["customer"]) == (share["id"], {"displayName": "Bob Secret"})
    assert own["acceptedAt"] is not None


async def test_leaving_ends_the_access_and_hides_the_name_again(gateway, ana, bob) -> None:
    photo = await gateway.photo("ana", "a")
    album = await gateway.album(ana, "Trip", photo)
    assert (await run(gateway, LEAVE, bob, albumId=album))["userErrors"] == [{"code": "NOT_FOUND", "field": ["albumId"]}]
    await shared(gateway, ana, album, "bob")
    assert (await run(gateway, LEAVE, bob, albumId=album))["leftAlbumId"] is None
    await gateway.accept(bob)
    assert (await run(gateway, LEAVE, bob, albumId=album)) == {"leftAlbumId": album, "userErrors": []}
    assert await gateway.answer(SEEN, {"p": photo, "a": album}, as_=bob) == NOTHING
    assert (await gateway.answer(SHARES, {"i": album}, as_=ana))["album"]["shares"] == []
    again = await shared(gateway, ana, album, "bob")
    assert again["share"]["customer"] is None
    assert len((await invited(gateway, bob))["nodes"]) == 1


async def test_a_declined_invitation_looks_unanswered_to_its_sender_and_cannot_be_sent_again(gateway, ana, bob) -> None:
    album = await gateway.album(ana, "Trip")
    await shared(gateway, ana, album, "bob")
    before = await gateway.answer(SHARES, {"i": album}, as_=ana)
    (seen,) = (await invited(gateway, bob))["nodes"]
    for _ in range(2):
        assert (await run(gateway, DECLINE, bob, invitationId=seen["id"]))["declinedInvitationId"] == seen["id"]
    assert await gateway.answer(SHARES, {"i": album}, as_=ana) == before
    assert (await shared(gateway, ana, album, "bob", locationPrecision="EXACT"))["userErrors"] == []
    assert (await invited(gateway, bob))["nodes"] == []
    assert (await gateway.answer(SEEN, {"p": album, "a": album}, as_=bob))["album"] is None
    # The recipient may change their mind.
    assert (await run(gateway, ACCEPT, bob, invitationId=seen["id"]))["album"] == {"id": album, "title": "Trip"}


@pytest.mark.parametrize("query", [ACCEPT, DECLINE])
async def test_only_the_recipient_can_answer(gateway, ana, bob, query: str) -> None:
    cyn = await gateway.customer("cyn")
    album = await gateway.album(ana, "Trip")
    share = (await shared(gateway, ana, album, "bob"))["share"]["id"]
    (seen,) = (await invited(gateway, bob))["nodes"]
    for viewer, given in ((cyn, seen["id"]), (ana, seen["id"]), (bob, share), (bob, album), (bob, "x")):
        answer = await run(gateway, query, viewer, invitationId=given)
        assert answer["userErrors"] == [{"code": "NOT_FOUND", "field": ["invitationId"]}]
    refused = await gateway.execute(query, {"i": {"invitationId": seen["id"]}}, as_=guest("ana", "a", "link:1"))
    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert await gateway.sources.grants.of_albums("ana") == []


async def test_known_unknown_and_foreign_ids_get_the_same_answers(gateway, ana, bob) -> None:
    """Neither the mutation nor a later read tells whether a customer has the id, also not one who shared before."""
    theirs = await gateway.album(bob, "Earlier")
    share = (await shared(gateway, bob, theirs, "ana"))["share"]["id"]
    await gateway.accept(ana)
    await run(gateway, UNSHARE, bob, shareIds=[share])
    answers = []
    for name in ("bob", "nobody"):
        album = await gateway.album(ana, name)
        reads: list[object] = []
        read = gateway.sources.customers.raw
        gateway.sources.customers.raw = lambda ids, read=read, reads=reads: reads.append(ids) or read(ids)
        new = await shared(gateway, ana, album, name)
        del gateway.sources.customers.raw
        again = await shared(gateway, ana, album, name, originals=True)
        later = (await gateway.answer(SHARES, {"i": album}, as_=ana))["album"]
        ended = await run(gateway, UNSHARE, ana, shareIds=[new["share"]["id"]])
        text = repr((new, again, later, ended, [i for i in reads if "ana" not in repr(i)]))
        text = text.replace(new["share"]["id"], "ID").replace(gateway.id("Customer", name, name), "CUSTOMER")
        answers.append(text)
    assert answers[0] == answers[1]
    assert "Secret" not in answers[0]


async def test_invitations_are_limited_by_sender_and_recipient_and_strangers_exclude_nobody(
    gateway, ana, bob, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shares, "MAX_INVITATIONS_TO_ONE", 3)
    monkeypatch.setattr(shares, "MAX_INVITATIONS", 5)
    eve = await gateway.customer("eve")
    albums = [await gateway.album(eve, str(n)) for n in range(4)]
    results = [(await shared(gateway, eve, album, "bob"))["userErrors"] for album in albums]
    assert [[(e["code"], e["field"]) for e in errors] for errors in results] == [[]] * 3 + [[("LIMIT", ["with", "customerId"])]]
    for name in ("cyn", "dan"):
        assert (await shared(gateway, eve, albums[0], name))["userErrors"] == []
    assert (await shared(gateway, eve, albums[0], "fay"))["userErrors"][0]["code"] == "LIMIT"
    assert (await shared(gateway, ana, await gateway.album(ana, "Trip"), "bob"))["userErrors"] == []
    # Declined invitations still count, so that a sender cannot tell them from unanswered ones.
    for seen in (await invited(gateway, bob))["nodes"]:
        await run(gateway, DECLINE, bob, invitationId=seen["id"])
    assert (await shared(gateway, eve, albums[3], "bob"))["userErrors"][0]["code"] == "LIMIT"


async def test_invitations_are_listed_in_pages_latest_first(gateway, ana, bob) -> None:
    now = gateway.sources.now_ms()
    for n in range(5):
        album = gateway.sources.ids.decode(await gateway.album(ana, f"album {n}")).local
        record = InvitationRecord(
            owner="ana", album=album, recipient="bob", version=0, created_at_ms=now - 1_000 + n, location=0, time=1
        )
        await gateway.sources.invitations.save(record)
    titles, after = [], None
    while True:
        page = await invited(gateway, bob, first=2, after=after)
        titles += [node["albumTitle"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert titles == [f"album {n}" for n in (4, 3, 2, 1, 0)]
    stale = await gateway.execute(INVITED, {"after": after}, as_=ana)
    assert stale["errors"][0]["extensions"]["code"] == "STALE_CURSOR"


async def test_an_invitation_ends_after_30_days_or_with_its_share(tmp_path: Path) -> None:
    clock = Clock()
    async with opened(tmp_path, now_ms=clock) as gateway:
        ana, bob = await named(gateway, "ana"), await named(gateway, "bob")
        album, other = await gateway.album(ana, "Trip"), await gateway.album(ana, "Other")
        await shared(gateway, ana, album, "bob")
        await shared(gateway, ana, other, "bob")
        ids = [node["id"] for node in (await invited(gateway, bob))["nodes"]]
        clock.ms += KEPT_MS
        assert (await invited(gateway, bob))["nodes"] == []
        for query in (ACCEPT, DECLINE):
            assert (await run(gateway, query, bob, invitationId=ids[0]))["userErrors"][0]["code"] == "NOT_FOUND"
        assert (await gateway.answer(SHARES, {"i": album}, as_=ana))["album"]["shares"] == []
        assert (await shared(gateway, ana, album, "bob"))["userErrors"] == []
        assert len((await invited(gateway, bob))["nodes"]) == 1


async def test_ending_a_share_and_deleting_an_album_withdraw_invitations(gateway, ana, bob) -> None:
    album = await gateway.album(ana, "Trip")
    share = (await shared(gateway, ana, album, "bob"))["share"]["id"]
    (seen,) = (await invited(gateway, bob))["nodes"]
    assert (await run(gateway, UNSHARE, ana, shareIds=[share]))["deletedShareIds"] == [share]
    assert (await run(gateway, ACCEPT, bob, invitationId=seen["id"]))["userErrors"][0]["code"] == "NOT_FOUND"
    await shared(gateway, ana, album, "bob")
    await run(gateway, "mutation($i: DeleteAlbumInput!) { deleteAlbum(input: $i) { deletedAlbumId } }", ana, id=album)
    assert (await invited(gateway, bob))["nodes"] == []
    assert (await run(gateway, ACCEPT, bob, invitationId=seen["id"]))["userErrors"][0]["code"] == "NOT_FOUND"
