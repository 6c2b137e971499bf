"""Places by name, as a customer finds them: their own first, in their own languages, and honest about how many there are."""

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


async def test_places_with_ones_own_photos_come_before_larger_ones(gateway: Gateway) -> None:
    ana, bob = await gateway.customer("ana"), await gateway.customer("bob")
    texan = {"place": PARIS_OF_TEXAS}
    before = _codes(await _found(gateway, "Paris", ana))
    assert before[0] == PARIS
    await gateway.photos("ana", *(f"p{n}" for n in range(200)), **texan)
    after = _codes(await _found(gateway, "Paris", ana))
    assert after.index(PARIS_OF_TEXAS) < before.index(PARIS_OF_TEXAS)
    assert set(after[:2]) == {PARIS, PARIS_OF_TEXAS}
    # What is Ana's is nothing to others.
    assert _codes(await _found(gateway, "Paris", bob)) == before


async def test_photos_around_a_place_count_less_than_photos_of_it(gateway: Gateway) -> None:
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
async def test_a_name_that_matched_is_told_as_it_is_written(gateway: Gateway, query: str, written: str) -> None:
    page = await _found(gateway, query, await gateway.customer("ana"))
    assert page["edges"][0]["matchedName"] == written


async def test_a_list_that_was_cut_says_that_there_are_more(gateway: Gateway) -> None:
    ana = await gateway.customer("ana")
    assert (await _found(gateway, "san", ana))["total"] == {"count": 200, "exact": False}
    assert (await _found(gateway, "Firenzuola", ana))["total"]["exact"]


async def test_names_are_in_the_customers_own_languages_before_the_headers(gateway: Gateway) -> None:
    ana = await gateway.customer("ana")
    update = "mutation($i: UpdateCustomerInput!) { updateCustomer(input: $i) { userErrors { code } } }"
    assert (await gateway.answer(update, {"i": {"set": {"languages": ["it", "ja"]}}}, as_=ana))["updateCustomer"][
        "userErrors"
    ] == []
    context = Context(gateway.sources, gateway.freshness, ana, ("de", "ja"))
    await context.speak_own_languages()
    assert context.languages == ("it", "ja", "de")
