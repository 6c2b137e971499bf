"""Each relation begins by a public call and ends by one: as the person at the other end would do it."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from access.policy import HOW_A_RELATION_BEGINS, Relation
from access.scope import Scope
from access.viewer import Viewer
from commands.progress import PlainProgress
from datasources.photo_key import PhotoKey
from identity.issuer import LocalIssuer
from identity.support_tickets import TicketRequest, close_ticket, open_ticket
from identity.token_commands import token_for
from identity.verifier import Verifier
from ingest.run import ImportRequest, run_import
from resolvers.context import Context
from serving.routes import guest_route
from settings import Settings, UnusableSettings
from tests.requests.harness import Gateway, opened

NOW = 1_800_000_000.0
TICKETS = "{ viewer { kind supportTickets { number reason classes openedAt closedAt } } }"
SHARE = "mutation($i: ShareAlbumInput!) { shareAlbum(input: $i) { share { id url } userErrors { code } } }"


@dataclass
class Installation:
    gateway: Gateway
    settings: Settings
    verifier: Verifier

    def verified(self, token: str) -> Viewer:
        return self.verifier.viewer(token)

    async def customer(self, external: str) -> Viewer:
        viewer = self.verified(await token_for(self.settings, customer=external, service=(None, (), None), guest=None))
        assert viewer.customer is not None
        await self.gateway.sources.customers.ensure(viewer.customer, external, now_ms=0)
        return viewer

    async def photo(self) -> PhotoKey:
        owner = self.gateway.sources.ids.local_id("customer", "ana")
        after: str | None = None
        while True:
            records, after = await self.gateway.sources.photos.of_owner(owner, after=after)
            if records:
                return records[0].key
            assert after is not None

    async def scope(self, viewer: Viewer) -> Scope:
        context = Context(self.gateway.sources, self.gateway.index_lag, viewer, ("en",))
        try:
            return await context.scope()
        finally:
            await context.aclose()

    async def relation(self, viewer: Viewer) -> Relation | None:
        key = await self.photo()
        seen = (await self.gateway.sources.photos.by_ids(await self.scope(viewer), [key])).get(key)
        return seen.visibility.relation if seen else None

    async def shared(self, **with_: object) -> dict[str, str]:
        ana = await self.customer("ana")
        key = await self.photo()
        album = await self.gateway.album(ana, "Trip", self.gateway.id("Photo", *key))
        done = (await self.gateway.answer(SHARE, {"i": {"albumId": album, "with": with_}}, as_=ana))["shareAlbum"]
        assert done["userErrors"] == []
        return dict(done["share"])


@pytest.fixture
async def installation(tmp_path: Path) -> AsyncIterator[Installation]:
    line = {"sourceId": "s", "takenAt": "2024-05-01T10:00:00+02:00"}
    (tmp_path / "one.jsonl").write_text(json.dumps(line) + "\n")
    await run_import(
        tmp_path / "gateway", ImportRequest(tmp_path / "one.jsonl", "ana"), PlainProgress(io.StringIO()), asyncio.Event()
    )
    async with opened(tmp_path) as gateway:
        settings = Settings(data=tmp_path / "gateway")
        clock = lambda: gateway.sources.now_ms() / 1_000  # noqa: E731 - a clock
        make = (LocalIssuer.development, LocalIssuer.links, LocalIssuer.support)
        trusted = {i.name: i.trusted for i in (m(settings.data, settings.audience, clock) for m in make)}
        yield Installation(gateway, settings, Verifier(trusted, settings.audience, gateway.sources.ids, clock))


async def owner(installation: Installation) -> Viewer:
    return await installation.customer("ana")


async def customer_of_a_share(installation: Installation) -> Viewer:
    bob = await installation.customer("bob")
    assert bob.customer is not None
    await installation.shared(customerId=installation.gateway.id("Customer", bob.customer, bob.customer))
    assert await installation.relation(bob) is None, "an invitation begins nothing"
    await installation.gateway.accept(bob)
    return bob


async def guest_of_a_link(installation: Installation) -> Viewer:
    secret = (await installation.shared(link=True))["url"].rpartition("#")[2]
    links = LocalIssuer.links(
        installation.settings.data, installation.settings.audience, lambda: installation.gateway.sources.now_ms() / 1_000
    )
    app = Starlette(routes=[guest_route(installation.gateway.sources, links)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway.test") as client:
        answer = await client.post("/guest", json={"secret": secret})
    return installation.verified(answer.json()["token"])


async def service(installation: Installation) -> Viewer:
    given = ("reports", ("photos:read",), "tests")
    return installation.verified(await token_for(installation.settings, customer=None, service=given, guest=None))


async def support(installation: Installation) -> Viewer:
    return installation.verified(await open_ticket(installation.settings, wanted()))


def wanted(number: str = "4711", *classes: str) -> TicketRequest:
    return TicketRequest("ana", number, "photos are missing", "sam", classes or ("OPERATIONAL", "TIME"))


BEGUN: dict[Relation, Callable[[Installation], Awaitable[Viewer]]] = {
    Relation.OWNER: owner,
    Relation.SHARED: customer_of_a_share,
    Relation.LINK: guest_of_a_link,
    Relation.SERVICE: service,
    Relation.SUPPORT: support,
}


def test_no_relation_is_without_a_public_call() -> None:
    assert set(Relation) - set(BEGUN) == set()
    assert set(Relation) - set(HOW_A_RELATION_BEGINS) == set()


@pytest.mark.parametrize("relation", Relation)
async def test_a_relation_begins_by_a_public_call(installation: Installation, relation: Relation) -> None:
    viewer = await BEGUN[relation](installation)
    assert await installation.relation(viewer) is relation


async def test_support_sees_the_day_and_nothing_that_it_was_not_given(installation: Installation) -> None:
    sam = await support(installation)
    photo = installation.gateway.id("Photo", *await installation.photo())
    query = "query($i: ID!) { photo(id: $i) { mediaType takenOn takenAt takenAtLocal takenAtPrecision withheld } }"
    seen = (await installation.gateway.answer(query, {"i": photo}, as_=sam))["photo"]
    times = [seen[k] for k in ("takenOn", "takenAt", "takenAtLocal", "takenAtPrecision")]
    assert times == ["2024-05-01", None, None, "DAY"]
    for field in ("caption", "place { id }", "location { latitude }", "people { id }", "favorite"):
        refused = await installation.gateway.execute(f"query($i: ID!) {{ photo(id: $i) {{ {field} }} }}", {"i": photo}, as_=sam)
        assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    narrow = installation.verified(await open_ticket(installation.settings, wanted("4712", "OPERATIONAL")))
    assert (await installation.gateway.answer(query, {"i": photo}, as_=narrow))["photo"]["takenOn"] is None


async def test_the_customer_sees_every_ticket_open_ones_first(installation: Installation) -> None:
    await support(installation)
    await open_ticket(installation.settings, wanted("4712", "TIME"))
    await close_ticket(installation.settings, "ana", "4712")
    seen = (await installation.gateway.answer(TICKETS, as_=await installation.customer("ana")))["viewer"]["supportTickets"]
    assert [(t["number"], t["reason"], t["classes"]) for t in seen] == [
        ("4711", "photos are missing", ["OPERATIONAL", "TIME"]),
        ("4712", "photos are missing", ["TIME"]),
    ]
    assert all(t["closedAt"] for t in seen)
    assert (await installation.gateway.answer(TICKETS, as_=await installation.customer("bob")))["viewer"]["supportTickets"] == []


async def test_a_closed_ticket_opens_nothing_and_nobody_elses_ever_did(installation: Installation) -> None:
    sam = await support(installation)
    await close_ticket(installation.settings, "ana", "4711")
    assert await installation.relation(sam) is None
    await installation.customer("bob")
    other = installation.verified(await open_ticket(installation.settings, TicketRequest("bob", "1", "why", "sam", ("TIME",))))
    assert await installation.relation(other) is None


@pytest.mark.parametrize("classes", [("LOCATION",), ("CONTENT", "TIME"), ("EVERYTHING",)])
async def test_a_ticket_is_never_for_more_than_the_table_says(installation: Installation, classes: tuple[str, ...]) -> None:
    with pytest.raises(UnusableSettings, match="operational, time"):
        await open_ticket(installation.settings, wanted("1", *classes))


async def test_a_ticket_is_open_once_and_for_customers_there_are(installation: Installation) -> None:
    await support(installation)
    with pytest.raises(UnusableSettings, match="already open"):
        await open_ticket(installation.settings, wanted())
    with pytest.raises(UnusableSettings, match="no customer with this id"):
        await open_ticket(installation.settings, TicketRequest("nobody", "1", "why", "sam", ("TIME",)))
    with pytest.raises(UnusableSettings, match="No ticket"):
        await close_ticket(installation.settings, "ana", "1")


async def test_withdrawn_is_withdrawn_with_the_next_request(installation: Installation) -> None:
    bob = await customer_of_a_share(installation)
    ana = await installation.customer("ana")
    share = (await installation.gateway.answer("{ albums { nodes { shares { id } } } }", as_=ana))["albums"]["nodes"][0][
        "shares"
    ][0]
    end = "mutation($i: UnshareAlbumInput!) { unshareAlbum(input: $i) { deletedShareIds } }"
    await installation.gateway.answer(end, {"i": {"shareIds": [share["id"]]}}, as_=ana)
    assert await installation.relation(bob) is None


async def test_an_event_of_a_subscription_uses_the_permissions_at_its_time(installation: Installation) -> None:
    bob = await customer_of_a_share(installation)
    context = Context(installation.gateway.sources, installation.gateway.index_lag, bob, ("en",))
    key = await installation.photo()
    assert await context.photos.one(key) is not None
    grants = installation.gateway.sources.grants
    await grants.remove(await grants.of_albums(key.owner))
    context.reset()
    assert await context.photos.one(key) is None
    await context.aclose()


async def test_only_an_accepted_share_is_a_relation(installation: Installation) -> None:
    """Invited, declined, accepted, left, and invited again."""
    bob = await installation.customer("bob")
    share = await installation.shared(customerId=installation.gateway.id("Customer", str(bob.customer), str(bob.customer)))
    slot = installation.gateway.sources.ids.decode(share["id"])
    album = slot.local.partition("#")[0]
    invitation = installation.gateway.id("Invitation", slot.owner, f"{bob.customer}#{album}")
    given = {"i": invitation, "a": installation.gateway.id("Album", slot.owner, album)}
    steps = (
        ("declineShare(input: {invitationId: $i})", None),
        ("acceptShare(input: {invitationId: $i})", Relation.SHARED),
        ("leaveShare(input: {albumId: $a})", None),
    )
    assert await installation.relation(bob) is None
    for mutation, relation in steps:
        used = {name: value for name, value in given.items() if f"${name}" in mutation}
        declared = ", ".join(f"${name}: ID!" for name in used)
        done = await installation.gateway.answer(
            f"mutation({declared}) {{ {mutation} {{ userErrors {{ code }} }} }}", used, as_=bob
        )
        assert next(iter(done.values()))["userErrors"] == []
        assert await installation.relation(bob) is relation
    again = {
        "albumId": given["a"],
        "with": {"customerId": installation.gateway.id("Customer", str(bob.customer), str(bob.customer))},
    }
    await installation.gateway.answer(SHARE, {"i": again}, as_=await installation.customer("ana"))
    assert await installation.relation(bob) is None
