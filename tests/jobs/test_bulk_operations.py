"""Bulk operations in the API: callers see their own operations only."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from access.viewer import Viewer, ViewerKind
from execution.errors import GraphQLProblem
from resolvers.context import Context
from resolvers.jobs.runner import RESULT_RETENTION_MS
from resolvers.jobs.start import global_id
from tests.jobs.makers import CANCEL, EXPORT, JOB, Counting, begun, runner
from tests.requests.harness import served

LIST = "query($n: Int, $a: String) { viewer { bulkOperations(first: $n, after: $a) { nodes { id } pageInfo { hasNextPage endCursor } } } }"
FOLLOW = "subscription($id: ID!) { bulkOperationChanged(id: $id) { id status progress rowCount } }"


async def test_a_customer_starts_an_export_and_gets_its_result(gateway, clock) -> None:
    ana = await gateway.customer("ana")
    started = (await gateway.answer(EXPORT, as_=ana))["exportMyData"]
    assert started["userErrors"] == []
    assert started["bulkOperation"]["status"] == "QUEUED"
    again = (await gateway.answer(EXPORT, as_=ana))["exportMyData"]
    job = started["bulkOperation"]["id"]
    assert again["bulkOperation"]["id"] == job
    assert again["userErrors"] == [{"code": "CONFLICT", "nodeId": job}]
    await runner(gateway, Counting()).run_until_idle()
    seen = (await gateway.answer(JOB, {"id": job}, as_=ana))["bulkOperation"]
    assert (seen["status"], seen["progress"], seen["rowCount"], len(seen["files"])) == ("COMPLETED", 1.0, 3.0, 3)
    assert (await gateway.answer("query($id: ID!) { node(id: $id) { __typename id } }", {"id": job}, as_=ana))["node"][
        "id"
    ] == job
    clock.ms += RESULT_RETENTION_MS
    seen = (await gateway.answer(JOB, {"id": job}, as_=ana))["bulkOperation"]
    assert (seen["status"], seen["files"]) == ("EXPIRED", None)


async def test_other_callers_jobs_are_not_found(gateway) -> None:
    ana, bob = await gateway.customer("ana"), await gateway.customer("bob")
    job = global_id(gateway.sources, (await begun(gateway, ana)).key)
    unknown = gateway.sources.ids.encode("BulkOperation", "CUSTOMER:ana", "00000000000000ffffffffffffffff")
    for stranger in (bob, Viewer(ViewerKind.SERVICE, "ana", scopes=frozenset({"photos:write"}), purpose="tests")):
        for query in (JOB, CANCEL, "query($id: ID!) { node(id: $id) { __typename } }"):
            theirs = await gateway.execute(query, {"id": job}, as_=stranger)
            assert theirs == await gateway.execute(query, {"id": unknown}, as_=stranger)
        assert (await gateway.answer(LIST, as_=stranger))["viewer"]["bulkOperations"]["nodes"] == []
    assert (await gateway.answer(JOB, {"id": job}, as_=ana))["bulkOperation"]["status"] == "QUEUED"


async def test_operations_are_paged_newest_first(gateway, clock) -> None:
    ana = await gateway.customer("ana")
    made = []
    for _ in range(5):
        made.append(global_id(gateway.sources, (await begun(gateway, ana)).key))
        await runner(gateway, Counting(1)).run_until_idle()
        clock.ms += 1
    found, after = [], None
    while True:
        page = (await gateway.answer(LIST, {"n": 2, "a": after}, as_=ana))["viewer"]["bulkOperations"]
        found += [n["id"] for n in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert found == made[::-1]


async def test_cancelling_is_idempotent(gateway) -> None:
    ana = await gateway.customer("ana")
    job = global_id(gateway.sources, (await begun(gateway, ana)).key)
    for _ in range(2):
        done = (await gateway.answer(CANCEL, {"id": job}, as_=ana))["cancelBulkOperation"]
        assert done == {"bulkOperation": {"id": job, "status": "CANCELED"}, "userErrors": []}
    missing = (await gateway.answer(CANCEL, {"id": "nonsense"}, as_=ana))["cancelBulkOperation"]
    assert missing == {"bulkOperation": None, "userErrors": [{"code": "NOT_FOUND"}]}


async def _followed(gateway, viewer: Viewer, job: str) -> list[dict[str, Any]]:
    _, documents, engine = served()
    context = Context(gateway.sources, gateway.index_lag, viewer, ("en",))
    try:
        return [a async for a in engine.subscribe(documents.prepare(FOLLOW), {"id": job}, context)]
    finally:
        await context.aclose()


async def test_a_subscription_reports_an_operation_until_it_ends(gateway) -> None:
    ana, bob = await gateway.customer("ana"), await gateway.customer("bob")
    job = global_id(gateway.sources, (await begun(gateway, ana)).key)
    work = Counting()
    work.hold_at = 0
    following = asyncio.create_task(_followed(gateway, ana, job))
    working = runner(gateway, work)
    await working.start_due_jobs()
    await work.at.wait()
    work.go.set()
    await working.run_until_idle()
    events = [a["data"]["bulkOperationChanged"] for a in await asyncio.wait_for(following, 10)]
    assert events[-1] == {"id": job, "status": "COMPLETED", "progress": 1.0, "rowCount": 3.0}
    assert [e["rowCount"] for e in events] == sorted(e["rowCount"] for e in events)
    with pytest.raises(GraphQLProblem) as refused:
        await _followed(gateway, bob, job)
    assert refused.value.code == "NOT_FOUND"


async def test_guests_and_services_cannot_export(gateway) -> None:
    service = Viewer(ViewerKind.SERVICE, "etl", scopes=frozenset({"photos:write"}), purpose="tests")
    answer = await gateway.execute(EXPORT, as_=service)
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
