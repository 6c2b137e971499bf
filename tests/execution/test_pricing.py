from __future__ import annotations

import json
from typing import Any

import pytest
from graphql import build_schema

from execution.document_cache import DocumentCache
from execution.errors import RequestError
from execution.pricing import ListSize, Pricing
from execution.runner import Runner
from tests.wire.toy import ToyContext

SDL = """
type Query { page(first: Int = 5, last: Int): Page, some(ids: [ID!]): [Item], all: [Item], one: Item, plain: String, node: Thing }
interface Thing { id: ID }
type Page { items: [Item], count: Int, other: [Item] }
type Item implements Thing { id: ID, page(first: Int): Page, light: Light }
type Light { x: Int }
"""
SIZES = {
    "Query.page": ListSize(5, ("first", "last"), sized=("items",)),
    "Item.page": ListSize(3, ("first",), sized=("items",)),
    "Query.some": ListSize(2, listed=("ids",)),
}
PRICING = Pricing({"Page": 1.0, "Light": 0.1, "Query.one": 7.0}, SIZES, unlisted=4)


def documents(**settings: Any) -> DocumentCache[str]:
    return DocumentCache(build_schema(SDL), classify=lambda _: None, pricing=PRICING, **settings)


def cost(text: str, variables: dict[str, Any] | None = None) -> float:
    """With the variables coerced, as the runner does."""
    found = documents().prepare(text)
    runner: Runner[str] = Runner(build_schema(SDL), decide=lambda *_: ())
    return found.cost(runner._build(found, variables or {}, ToyContext(), None).variable_values.coerced)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{ plain }", 0),
        ("{ one { id } }", 7),
        ("{ all { id } }", 4),
        ("{ all { light { x } } }", 4.4),
        ("{ page { count } }", 1),
        ("{ page { items { id } } }", 6),
        ("{ page(first: 10) { items { id } } }", 11),
        ("{ page(first: 2, last: 3) { items { id } } }", 4),
        ("{ page(first: -5) { items { id } } }", 1),
        ("{ page(first: 99999999) { items { id } } }", 1001),
        ("{ page(first: 10) { items { id } other { id } } }", 15),
        ("{ page(first: 10) { items { page { items { id } } } } }", 51),
        ("{ some(ids: [1, 2, 3]) { id } }", 3),
        ("{ some { id } }", 2),
        ("{ a: one { id } b: one { id } }", 14),
        ("{ one { id } one { light { x } } }", 7.1),
        ("{ ...A ...B } fragment A on Query { one { id } } fragment B on Query { one { light { x } } }", 7.1),
        ("{ node { id ... on Item { light { x } } } }", 1.1),
        ("{ __typename __schema { types { name } } }", 500),
    ],
)
def test_the_price_of_a_document(text: str, expected: float) -> None:
    assert cost(text) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("variables", "expected"),
    [({}, 8), ({"n": 10}, 11), ({"n": None}, 6), ({"n": 10.0}, 11), ({"n": 0}, 1)],
)
def test_the_price_with_variables_and_their_defaults(variables: dict[str, Any], expected: float) -> None:
    assert cost("query ($n: Int = 7) { page(first: $n) { items { id } } }", variables) == expected


def test_a_single_value_for_a_list_is_a_list_of_one() -> None:
    assert cost("query ($i: [ID!]) { some(ids: $i) { id } }", {"i": "x"}) == 1


def test_what_costs_too_much_whatever_its_variables_is_refused_before_validation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("execution.document_cache.validate", lambda *_, **__: pytest.fail("validation saw it"))
    for text in (
        "{ page(first: 50) { items { id } } nope }",
        "query ($n: Int) { page(first: 50) { items { id } } a: page(first: $n) { count } }",
    ):
        with pytest.raises(RequestError) as refused:
            documents(max_cost=30).prepare(text)
        assert (refused.value.code, refused.value.reason) == ("TOO_COMPLEX", "COST")
        assert refused.value.extensions["cost"]["limit"] == 30


def test_what_costs_too_much_with_these_variables_is_refused_and_with_others_not() -> None:
    found = documents(max_cost=30).prepare("query ($n: Int) { page(first: $n) { items { id } } }")
    assert found.cost({"n": 29}) == 30
    with pytest.raises(RequestError):
        found.cost({"n": 30})


def test_the_answer_is_counted_by_the_objects_that_are_in_it() -> None:
    found = documents().prepare("{ page { items { id light { x } } other { id } } all { id } one { id } }")
    item = {"id": 1, "light": {"x": 1}}
    data = {"page": {"items": [item, {"id": 2, "light": None}, None], "other": None}, "all": [{"id": 1}], "one": None}
    assert found.cost_of(data) == pytest.approx(1 + 2 + 0.1 + 1)
    assert found.cost_of(None) == 0


def test_pricing_a_ladder_of_fragments_is_linear() -> None:
    rungs = 8
    text = "{ one { ...F0 } } " + " ".join(
        f"fragment F{n} on Item {{ a: page {{ items {{ ...F{n + 1} }} }} b: page {{ items {{ ...F{n + 1} }} }} }}"
        for n in range(rungs)
    )
    with pytest.raises(RequestError) as refused:
        documents().prepare(text + f" fragment F{rungs} on Item {{ id }}")
    assert refused.value.reason in ("DEPTH", "ALIASES", "COST")
    assert json.dumps(refused.value.extensions)
