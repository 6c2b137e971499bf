"""A customer who was erased is in no store and no file, and stays out."""

from __future__ import annotations

from pathlib import Path

from access.viewer import Viewer
from datasources import TABLES
from datasources.tables.jobs import JOBS
from resolvers.erasing.certificate import NOTHING
from resolvers.erasing.erasure_rules import ERASURE_RULES
from tests.erasing.makers import CANARY, furnished, holding, job_of, worked_off
from tests.jobs.makers import Clock
from tests.requests.harness import Gateway

ERASE = """mutation($id: ID!) { eraseMyData(input: {confirmCustomerId: $id}) {
    bulkOperation { id status } userErrors { code nodeId } } }"""
WITHOUT_CUSTOMERS = {"documents", "erased", "versions"}


def own_id(gateway: Gateway, viewer: Viewer) -> str:
    return gateway.id("Customer", str(viewer.customer), str(viewer.customer))


async def planted(gateway: Gateway, owner: str) -> set[str]:
    """The tables in which a customer stands."""
    found = {name for name, rule in ERASURE_RULES.items() if await rule.remaining(gateway.sources.store, owner)}
    return found | ({JOBS.name} if [j async for j in gateway.sources.jobs.of_owner(owner) if not j.outlives_owner] else set())


async def test_a_customer_is_gone_from_every_store_byte_by_byte(gateway: Gateway, clock: Clock, tmp_path: Path) -> None:
    folder = tmp_path / "gateway"
    ana, bob = await furnished(gateway, folder)
    owner = str(ana.customer)
    assert await planted(gateway, owner) == {t.name for t in TABLES} - WITHOUT_CUSTOMERS
    before = await gateway.answer("{ photos { nodes { id caption } } viewer { customer { displayName } } }", as_=bob)
    assert list(holding(folder, CANARY))
    assert list(holding(folder, owner))

    answer = (await gateway.answer(ERASE, {"id": own_id(gateway, ana)}, as_=ana))["eraseMyData"]
    assert answer["userErrors"] == []
    assert await gateway.sources.keys.keys_of([owner]) == {}
    certificate = await worked_off(gateway, clock, owner)

    assert await planted(gateway, owner) == set()
    assert {s.left for s in certificate.stores.values()} == {0}
    assert {s.digest for s in certificate.stores.values()} == {NOTHING}
    gone = {name for name, store in certificate.stores.items() if store.removed}
    tables = {f"tables/{t.name}" for t in TABLES if t.name not in WITHOUT_CUSTOMERS | {"keys"}}
    assert gone == tables | {"tables/readings of others", "originals", "caches", "index", "results"}
    assert (certificate.sampled, certificate.opened) == (2, 0)
    assert certificate.audit is not None
    assert certificate.customer == gateway.sources.ids.local_id("audited", owner)

    assert list(holding(folder, CANARY)) == []
    assert set(holding(folder, owner, bytes.fromhex(owner))) <= {"tables.sqlite", "tables.sqlite-wal"}
    job = await job_of(gateway, owner)
    await gateway.sources.jobs.forget(job)  # as it is after thirty days
    await gateway.sources.store.purge()
    assert list(holding(folder, CANARY, owner, bytes.fromhex(owner))) == []
    assert await gateway.answer("{ photos { nodes { id caption } } viewer { customer { displayName } } }", as_=bob) == before
