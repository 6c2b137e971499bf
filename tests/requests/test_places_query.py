"""Place search: places with the customer's photos first, localized names, exact or lower-bound totals."""

from __future__ import annotations

from typing import Any

import pytest

from resolvers.context import Context
from tests.requests.harness import Gateway

_FIND = """query($q: String!, $n: Int) {
  places(query: $q, first: $n) { edges { matchedName node { code name } } total { count exact } } }"""
PARIS, PARIS_OF_TEXAS = "gn:2988507", "gn:4717560"
ODESSA_OF_TEXAS, ODESSA_OF_FLORIDA, ODESSA_OF_MISSOURI = "gn:5527554", "gn:4166787", "gn:4401659"  # largest first


async def _found(gateway: Gateway, query: str, viewer: Any, **more: Any) -> dict[str, Any]:
    answer = await gateway.execute(_FIND, {"q": query, "n": 20}, as_=viewer, **more)
    assert "errors" not in answer, answer["errors"]
    return dict(answer["data"]["places"])


def _codes(page: dict[str, Any]) -> list[str]:
    return [edge["node"]["code"] for edge in page["edges"]]


async def test_places_with_own_photos_come_before_larger_ones(gateway: Gateway) -> None:
    ana, bob = await gateway.customer("ana"), await gateway.customer("bob")
    texan = {"place": PARIS_OF_TEXAS}
    before = _codes(await _found(gateway, "Paris", ana))
    assert before[0] == PARIS
    await gateway.photos("ana", *(f"p{n}" for n in range(200)), **texan)
    after = _codes(await _found(gateway, "Paris", ana))
    assert after.index(PARIS_OF_TEXAS) < before.index(PARIS_OF_TEXAS)
    assert set(after[:2]) == {PARIS, PARIS_OF_TEXAS}
    # Ana's photos do not influence the results of others.
    assert _codes(await _found(gateway, "Paris", bob)) == before


async def test_photos_near_a_place_rank_it_lower_than_photos_at_it(gateway: Gateway) -> None:
    ana = await gateway.customer("ana")

    async def american() -> list[str]:
        found = _codes(await _found(gateway, "Odessa", ana))
        return [code for code in found if code in {ODESSA_OF_TEXAS, ODESSA_OF_FLORIDA, ODESSA_OF_MISSOURI}]

    assert await american() == [ODESSA_OF_TEXAS, ODESSA_OF_FLORIDA, ODESSA_OF_MISSOURI]
    await gateway.photo("ana", "around it", place="US.MO")
    assert await american() == [ODESSA_OF_TEXAS, ODESSA_OF_MISSOURI, ODESSA_OF_FLORIDA]
    await gateway.photo("ana", "of it", place=ODESSA_OF_MISSOURI)
    assert await american() == [ODESSA_OF_MISSOURI, ODESSA_OF_TEXAS, ODESSA_OF_FLORIDA]


@pytest.mark.parametrize(
    ("query", "written"), [("firenze", "Firenze"), ("ROMA", "Roma"), ("флоренция", "Флоренция"), ("sao paulo", "São Paulo")]
)
async def test_the_matched_name_is_returned_as_written(gateway: Gateway, query: str, written: str) -> None:
    page = await _found(gateway, query, await gateway.customer("ana"))
    assert page["edges"][0]["matchedName"] == written


async def test_a_truncated_list_has_an_inexact_total(gateway: Gateway) -> None:
    ana = await gateway.customer("ana")
    assert (await _found(gateway, "san", ana))["total"] == {"count": 200, "exact": False}
    assert (await _found(gateway, "Firenzuola", ana))["total"]["exact"]


async def test_names_prefer_the_customers_languages_to_the_header(gateway: Gateway) -> None:
    ana = await gateway.customer("ana")
    update = "mutation($i: UpdateCustomerInput!) { updateCustomer(input: $i) { userErrors { code } } }"
    assert (await gateway.answer(update, {"i": {"set": {"languages": ["it", "ja"]}}}, as_=ana))["updateCustomer"][
        "userErrors"
    ] == []
    context = Context(gateway.sources, gateway.index_lag, ana, ("de", "ja"))
    await context.prefer_customer_languages()
    assert context.languages == ("it", "ja", "de")
