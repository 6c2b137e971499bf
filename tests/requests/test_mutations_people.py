"""The mutations that update and merge people."""

from __future__ import annotations

import asyncio

import pytest

from access.viewer import Viewer
from datasources.tables.people import PersonKey
from indexing.documents import catch_up
from tests.requests.harness import Gateway

UPDATE = "mutation($i: UpdatePersonInput!) { updatePerson(input: $i) { person { name cover { id } } userErrors { code field } } }"
MERGE = """mutation($i: MergePeopleInput!) { mergePeople(input: $i) {
  person { id name photoCount } deletedPersonIds userErrors { code field } } }"""


@pytest.fixture
async def ana(gateway: Gateway) -> Viewer:
    return await gateway.customer("ana")


async def run(gateway: Gateway, query: str, viewer: Viewer, **given):
    data = await gateway.answer(query, {"i": given}, as_=viewer)
    return next(iter(data.values()))


async def test_name_and_cover_are_kept_changed_and_cleared(gateway, ana) -> None:
    eva = await gateway.person("ana", "Eva")
    hers = await gateway.photo("ana", "a", people=(gateway.local("ana", "Eva"),))
    other = await gateway.photo("ana", "b")
    assert (await run(gateway, UPDATE, ana, id=eva, set={"coverId": hers}))["person"] == {"name": "Eva", "cover": {"id": hers}}
    assert (await run(gateway, UPDATE, ana, id=eva, set={"name": " Ève "}))["person"] == {"name": "Ève", "cover": {"id": hers}}
    assert (await run(gateway, UPDATE, ana, id=eva, set={"name": None}))["person"]["name"] is None
    wrong = await run(gateway, UPDATE, ana, id=eva, set={"coverId": other})
    assert wrong["userErrors"] == [{"code": "INVALID", "field": ["set", "coverId"]}]
    bob = await gateway.customer("bob")
    assert (await run(gateway, UPDATE, bob, id=eva, set={"name": "x"}))["userErrors"][0]["code"] == "NOT_FOUND"


@pytest.mark.parametrize("followed", [True, False])
async def test_merged_people_are_replaced_in_every_photo(gateway, ana, followed) -> None:
    into, eva, evi = [await gateway.person("ana", n) for n in ("Into", "Eva", "Evi")]
    local = {n: gateway.local("ana", n) for n in ("Into", "Eva", "Evi")}
    both = await gateway.photo("ana", "both", people=(local["Eva"], local["Into"]), indexed=followed)
    one = await gateway.photo("ana", "one", people=(local["Evi"],), indexed=followed)
    if followed:
        await catch_up(gateway.sources)
    done = await run(gateway, MERGE, ana, intoId=into, ids=[eva, evi, into, "x"])
    assert done["deletedPersonIds"] == [eva, evi]
    assert done["person"] == {"id": into, "name": "Into", "photoCount": 2}
    assert done["userErrors"] == [{"code": "INVALID", "field": ["ids", "2"]}, {"code": "NOT_FOUND", "field": ["ids", "3"]}]
    assert {(await gateway.record(p)).people for p in (both, one)} == {(local["Into"],)}
    listed = await gateway.answer("{ people { nodes { id } } }", as_=ana)
    assert listed["people"]["nodes"] == [{"id": into}]
    again = await run(gateway, MERGE, ana, intoId=into, ids=[eva])
    assert (again["deletedPersonIds"], again["userErrors"]) == ([eva], [])


async def test_a_target_without_a_name_gets_the_name_of_a_merged_person(gateway, ana) -> None:
    into, eva = await gateway.person("ana", "Into"), await gateway.person("ana", "Eva")
    await run(gateway, UPDATE, ana, id=into, set={"name": None})
    assert (await run(gateway, MERGE, ana, intoId=into, ids=[eva]))["person"]["name"] == "Eva"


async def test_concurrent_merges_in_opposite_directions_do_not_merge_both(gateway, ana) -> None:
    for round_ in range(10):
        names = f"a{round_}", f"b{round_}"
        a, b = [await gateway.person("ana", n) for n in names]
        await asyncio.gather(run(gateway, MERGE, ana, intoId=a, ids=[b]), run(gateway, MERGE, ana, intoId=b, ids=[a]))
        keys = [PersonKey("ana", gateway.local("ana", n)) for n in names]
        stored = await gateway.sources.people.raw(keys)
        assert any(r.merged_into is None for r in stored.values())
