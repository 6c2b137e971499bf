"""The access log through the whole gateway: what is recorded, and what the customer sees of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from access.viewer import Viewer, ViewerKind
from datasources.audit.chain import split_line
from datasources.audit.grouped_writes import GroupedAuditLog
from datasources.audit.port import AuditRecord
from datasources.errors import Unavailable
from tests.requests.harness import ROME, Gateway, customer, opened

PHOTOS = "query($id: ID!) { customer(id: $id) { photos(first: 10) { nodes { id takenAtLocal caption place { name } } } } }"
ALL = ("read", "time", "content", "place")
LOG = "{ viewer { accessLog { nodes { principal kind purpose classes photoCount } pageInfo { hasNextPage endCursor } } } }"
SHARED = "{ photos(library: SHARED_WITH_ME) { nodes { caption } } }"


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    async with opened(tmp_path) as made:
        yield made


def reports(*scopes: str) -> Viewer:
    return Viewer(ViewerKind.SERVICE, "reports", scopes=frozenset(f"photos:{s}" for s in scopes), purpose="albums in print")


async def recorded(gateway: Gateway) -> list[dict[str, Any]]:
    await gateway.sources.audit.flush()
    return [msgspec.json.decode(split_line(link.line).body) async for link in gateway.sources.audit.links()]


async def anas_photos(gateway: Gateway, *names: str) -> str:
    await gateway.customer("ana")
    await gateway.photos("ana", *names, caption="Secret words", at=ROME, taken_local="2024-05-01T10:00:00")
    return gateway.id("Customer", "ana", "ana")


async def test_a_read_by_a_service_is_recorded_and_visible_to_the_customer(gateway: Gateway) -> None:
    ana = await anas_photos(gateway, "one", "two")
    await gateway.execute(PHOTOS, {"id": ana}, as_=reports(*ALL))
    (record,) = await recorded(gateway)
    assert (record["principal"], record["purpose"], record["photos"]) == ("SERVICE:reports", "albums in print", 2)
    assert "CONTENT" in record["classes"]
    assert "LOCATION" not in record["classes"]
    assert record["owners"]["SERVICE"] == [gateway.sources.ids.local_id("audited", "ana")]
    assert not [secret for secret in ("Secret", "41.9", '"ana"') if secret in str(record)]
    log = await gateway.answer(LOG, as_=customer("ana"))
    (seen,) = log["viewer"]["accessLog"]["nodes"]
    assert (seen["principal"], seen["kind"], seen["purpose"], seen["photoCount"]) == ("reports", "SERVICE", "albums in print", 2)


async def test_a_request_without_personal_data_is_not_recorded(gateway: Gateway) -> None:
    await anas_photos(gateway, "one")
    await gateway.answer("{ photos { nodes { id width } } }", as_=customer("ana"))
    await gateway.answer("{ photos { nodes { caption } } }", as_=await gateway.customer("bob"))
    assert await recorded(gateway) == []


@pytest.mark.parametrize(("counted", "classes"), [
    ("photos(first: 0) { total { count } }", None),
    ("photos(first: 0) { facet(by: MEDIA_TYPE) { missingCount } }", None),
    ("photos(first: 0) { histogram(by: YEAR) { missingCount } }", ["TIME"]),
    ("photos(first: 0) { facet(by: COUNTRY) { missingCount } }", ["PLACE"]),
    ("photos(first: 0) { facet(by: LABEL) { missingCount } }", ["CONTENT"]),
    ("photos(first: 0, filter: {near: {latitude: 0, longitude: 0, radiusMeters: 9}}) { total { count } }", ["LOCATION"]),
    ("photos(first: 1, filter: {not: {hasCaption: true}}) { nodes { id } }", ["CONTENT"]),
])  # fmt: skip
async def test_a_count_of_another_owners_photos_records_the_classes_it_filters_by(
    gateway: Gateway, counted: str, classes: list[str] | None
) -> None:
    ana = await anas_photos(gateway, "one")
    viewer = reports(*ALL, "location")
    await gateway.answer(f"query($id: ID!) {{ customer(id: $id) {{ {counted} }} }}", {"id": ana}, as_=viewer)
    assert [r["classes"] for r in await recorded(gateway)] == ([classes] if classes else [])
    log = (await gateway.answer(LOG, as_=customer("ana")))["viewer"]["accessLog"]["nodes"]
    assert [(n["classes"], n["photoCount"]) for n in log] == ([(classes, 0)] if classes else [])


@pytest.mark.parametrize(("field", "classes"), [
    ("takenAt takenOn addedAt", ["TIME"]),
    ("place { name }", ["PLACE"]),
    ("location { latitude }", ["LOCATION"]),
    ("caption", ["CONTENT"]),
])  # fmt: skip
async def test_a_field_is_recorded_with_its_class(gateway: Gateway, field: str, classes: list[str]) -> None:
    ana = await anas_photos(gateway, "one")
    place = await gateway.sources.locations.search("Rome", ("en",), limit=1)
    await gateway.photo(
        "ana", "two", at=ROME, place=place[0].id, caption="x", taken_local="2024-05-01T10:00:00", offset_minutes=60
    )
    query = f"query($id: ID!) {{ customer(id: $id) {{ photos(first: 5) {{ nodes {{ {field} }} }} }} }}"
    await gateway.answer(query, {"id": ana}, as_=reports(*ALL, "location"))
    assert [r["classes"] for r in await recorded(gateway)] == [classes]


async def test_a_count_over_all_customers_is_in_the_audit_log_and_in_no_access_log(gateway: Gateway) -> None:
    await anas_photos(gateway, "one")
    await gateway.answer("{ photos(library: ALL, first: 0) { histogram(by: YEAR) { missingCount } } }", as_=reports(*ALL))
    (record,) = await recorded(gateway)
    assert (record["owners"], record["classes"], record["photos"]) == ({"SERVICE": ["*"]}, ["TIME"], 0)
    assert (await gateway.answer(LOG, as_=customer("ana")))["viewer"]["accessLog"]["nodes"] == []


async def test_an_owners_own_read_is_audited_but_not_in_their_access_log(gateway: Gateway) -> None:
    await anas_photos(gateway, "one")
    await gateway.answer("{ photos { nodes { caption } } }", as_=customer("ana"))
    (record,) = await recorded(gateway)
    assert list(record["owners"]) == ["OWNER"]
    log = await gateway.answer(LOG, as_=customer("ana"))
    assert log["viewer"]["accessLog"]["nodes"] == []


async def test_the_access_log_is_paged_newest_first_and_private(gateway: Gateway) -> None:
    ana = await anas_photos(gateway, "one")
    for n in range(5):
        await gateway.execute(PHOTOS, {"id": ana}, as_=replace(reports(*ALL), subject=f"service {n}"))
    page = "query($after: String) { viewer { accessLog(first: 2, after: $after) { nodes { principal } pageInfo { hasNextPage endCursor } } } }"
    seen, after = [], None
    while True:
        log = (await gateway.answer(page, {"after": after}, as_=customer("ana")))["viewer"]["accessLog"]
        seen += [n["principal"] for n in log["nodes"]]
        after = log["pageInfo"]["endCursor"]
        if not log["pageInfo"]["hasNextPage"]:
            break
    assert sorted(seen) == [f"service {n}" for n in range(5)]
    other = await gateway.answer(LOG, as_=await gateway.customer("bob"))
    assert other["viewer"]["accessLog"]["nodes"] == []
    stolen = await gateway.execute(page, {"after": after}, as_=await gateway.customer("bob"))
    assert stolen["errors"][0]["extensions"]["code"] == "STALE_CURSOR"


async def test_a_customer_is_named_only_while_an_album_is_shared_with_them(gateway: Gateway) -> None:
    ana, bob = await gateway.customer("ana"), await gateway.customer("bob")
    photo = await gateway.photo("ana", "one", caption="x")
    album = await gateway.album(ana, "Trip", photo)
    share = "mutation($i: ShareAlbumInput!) { shareAlbum(input: $i) { share { id } userErrors { code } } }"
    made = await gateway.answer(
        share, {"i": {"albumId": album, "with": {"customerId": gateway.id("Customer", "bob", "bob")}}}, as_=ana
    )
    await gateway.accept(bob)
    name = 'mutation { updateCustomer(input: {set: {displayName: "Bob B."}}) { userErrors { code } } }'
    await gateway.answer(name, as_=bob)
    await gateway.answer(SHARED, as_=bob)
    log = await gateway.answer(LOG, as_=ana)
    assert [n["principal"] for n in log["viewer"]["accessLog"]["nodes"]] == ["Bob B."]
    end = "mutation($i: UnshareAlbumInput!) { unshareAlbum(input: $i) { userErrors { code } } }"
    await gateway.answer(end, {"i": {"shareIds": [made["shareAlbum"]["share"]["id"]]}}, as_=ana)
    log = await gateway.answer(LOG, as_=ana)
    assert [n["principal"] for n in log["viewer"]["accessLog"]["nodes"]] == ["A customer with whom an album was shared"]


class Broken(GroupedAuditLog):
    """An audit log that fails as if the disk were full; `seen` has the records."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[AuditRecord] = []

    async def _write(self, records: Sequence[AuditRecord]) -> None:
        self.seen += records
        raise Unavailable("audit", "full")

    async def links(self) -> Any:
        for nothing in tuple[object, ...]():
            yield nothing

    async def checkpoints(self) -> Any:
        return ()

    async def close(self) -> None: ...


async def test_without_audit_log_owners_can_read_and_others_cannot(gateway: Gateway) -> None:
    ana = await anas_photos(gateway, "one")
    whole = gateway.sources
    gateway.sources = replace(whole, audit=Broken())
    refused = await gateway.execute(PHOTOS, {"id": ana}, as_=reports(*ALL))
    assert "data" not in refused
    assert (refused["errors"][0]["extensions"]["code"], refused["errors"][0]["extensions"]["reason"]) == ("UNAVAILABLE", "AUDIT")
    assert "Secret" not in str(refused)
    own = await gateway.answer("{ photos { nodes { caption } } }", as_=customer("ana"))
    assert own["photos"]["nodes"] == [{"caption": "Secret words"}]
    await asyncio.sleep(0)
    gateway.sources = whole
