"""Fields that a kind of caller can never read: null with one error for persons, a rejected operation for services."""

from __future__ import annotations

from typing import Any

from graphql import GraphQLNonNull, GraphQLObjectType

from access.classes import DataClass
from access.policy import usable_classes
from access.viewer import GuestLink, TicketRef, Viewer, ViewerKind
from datasources.tables.grants import GrantRecord
from datasources.tables.support_tickets import TicketRecord
from execution.errors import ErrorMapper, RequestError
from resolvers.context import Context
from tests.requests.harness import Gateway, guest, served, service

SHARED_FRAGMENT = (
    "query($i: ID!) { album(id: $i) { id photos { nodes { ...P } } } } fragment P on Photo { id favorite people { id } }"
)
LINK = "link:0123456789abcdef"


async def shared_album(gateway: Gateway) -> tuple[Viewer, Viewer, str]:
    """The owner, a guest, and an album with three photos."""
    ana = await gateway.customer("ana")
    photos = await gateway.photos("ana", *"abc", favorite=True)
    album = await gateway.album(ana, "Trip", *photos)
    local = gateway.sources.ids.decode(album).local
    grant = GrantRecord(owner="ana", album=local, grantee=LINK, version=0, created_at_ms=1, location=0, time=2)
    assert await gateway.sources.grants.save(grant) is not None
    await gateway.settle()
    return ana, guest("ana", local, LINK), album


async def executed(gateway: Gateway, query: str, variables: dict[str, Any], viewer: Viewer, denial: Any) -> dict[str, Any]:
    _, documents, runner = served()
    context = Context(gateway.sources, gateway.index_lag, viewer, ("en",))
    try:
        return await runner.execute(documents.prepare(query), variables, context, denial=denial)
    except RequestError as e:
        return {"errors": ErrorMapper().request_errors(e)}
    finally:
        await context.aclose()


async def test_one_fragment_serves_the_owner_and_a_guest(gateway: Gateway) -> None:
    ana, visitor, album = await shared_album(gateway)
    own = await gateway.answer(SHARED_FRAGMENT, {"i": album}, as_=ana)
    assert [p["favorite"] for p in own["album"]["photos"]["nodes"]] == [True] * 3
    answer = await gateway.execute(SHARED_FRAGMENT, {"i": album}, as_=visitor)
    seen = answer["data"]["album"]["photos"]["nodes"]
    assert [p["id"] for p in seen] == [p["id"] for p in own["album"]["photos"]["nodes"]]
    assert [(p["favorite"], p["people"]) for p in seen] == [(None, None)] * 3
    reported = [(e["extensions"]["code"], e["extensions"]["coordinates"], e["path"]) for e in answer["errors"]]
    assert sorted(reported) == [
        ("FORBIDDEN", ["Photo.favorite"], ["album", "photos", "nodes", 0, "favorite"]),
        ("FORBIDDEN", ["Photo.people"], ["album", "photos", "nodes", 0, "people"]),
    ]


async def test_the_header_chooses_and_services_reject_by_default(gateway: Gateway) -> None:
    _, visitor, album = await shared_album(gateway)
    refused = await executed(gateway, SHARED_FRAGMENT, {"i": album}, visitor, "reject")
    assert "data" not in refused
    assert refused["errors"][0]["extensions"]["coordinates"] == ["Photo.favorite", "Photo.people"]
    query = "query($i: ID!) { photo(id: $i) { id favorite } }"
    photo = {"i": gateway.id("Photo", "ana", gateway.local("ana", "a"))}
    assert "data" not in await executed(gateway, query, photo, service(), None)
    chosen = await executed(gateway, query, photo, service(), "null")
    assert chosen["data"]["photo"] == {"id": photo["i"], "favorite": None}


async def test_a_use_that_a_guest_may_not_make_still_rejects_the_operation(gateway: Gateway) -> None:
    _, visitor, _ = await shared_album(gateway)
    query = "{ photos(library: ALL, filter: {favorite: true}) { nodes { id favorite } } }"
    answer = await gateway.execute(query, as_=visitor)
    assert "data" not in answer
    assert answer["errors"][0]["extensions"]["coordinates"] == ["PhotoFilter.favorite"]


def test_what_persons_can_never_read_is_nullable_so_that_the_rest_is_returned() -> None:
    """Types that are reached only through denied fields may have other fields."""
    schema = served()[0]
    nobody = Viewer(ViewerKind.GUEST, LINK, guest_of=GuestLink("ana", "album", LINK))
    never = set(DataClass) - usable_classes(nobody)
    inside_denied = {
        "PersonConnection", "PersonEdge", "MergePeoplePayload", "AccessRecord", "AccessRecordConnection", "AccessRecordEdge", "SupportTicket",
    }  # fmt: skip
    found = {
        f"{name}.{field}"
        for name, owner in schema.graphql_schema.type_map.items()
        if isinstance(owner, GraphQLObjectType) and name not in inside_denied
        for field, definition in owner.fields.items()
        if schema.classify(f"{name}.{field}") in never and isinstance(definition.type, GraphQLNonNull)
    }
    assert found == set()


async def test_a_denied_field_that_cannot_be_null_is_an_error_with_a_code(gateway: Gateway) -> None:
    """A ticket may name fewer classes than support agents can have."""
    await gateway.customer("ana")
    photo = await gateway.photo("ana", "a")
    now_ms = gateway.sources.now_ms()
    ticket = TicketRecord(
        owner="ana", number="77", agent="sam", version=0, classes=("TIME",), opened_at_ms=now_ms, closes_at_ms=now_ms + 60_000
    )
    opened = await gateway.sources.tickets.open(ticket, "why")
    assert opened is not None
    agent = Viewer(ViewerKind.SUPPORT, "sam", ticket=TicketRef("ana", opened.slot))
    withheld = await gateway.answer("query($i: ID!) { photo(id: $i) { viewerCan withheld } }", {"i": photo}, as_=agent)
    assert withheld["photo"]["viewerCan"] == []
    assert "OPERATIONAL" in withheld["photo"]["withheld"]
    answer = await gateway.execute("query($i: ID!) { photo(id: $i) { version } }", {"i": photo}, as_=agent)
    assert [e["extensions"]["code"] for e in answer["errors"]] == ["FORBIDDEN"]


async def test_persons_get_null_and_programs_are_rejected(gateway: Gateway) -> None:
    modes = {kind: Context(gateway.sources, gateway.index_lag, Viewer(kind, "x"), ("en",)).denial for kind in ViewerKind}
    assert modes == {
        ViewerKind.CUSTOMER: "null", ViewerKind.GUEST: "null", ViewerKind.SERVICE: "reject", ViewerKind.SUPPORT: "reject"
    }  # fmt: skip
