from __future__ import annotations

from typing import Any

import pytest

from tests.wire.toy import toy_documents

NEAR = {"west": 1, "east": 2}


def used(text: str, variables: dict[str, Any] | None = None) -> set[str]:
    classes = toy_documents().prepare(text).uses_of(variables or {})
    return {found for (_, use), places in classes.items() if use == "use" for found in places}


PLAIN = {"Query.photos(filter:)", "Order.TAKEN_DESC"}


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("", {"Order.TAKEN_DESC"}),
        ("(order: NAME_ASC)", set()),
        ("(order: TAKEN_ASC)", {"Order.TAKEN_ASC"}),
        ("(filter: {})", PLAIN),
        ("(filter: null)", {"Order.TAKEN_DESC"}),
        ("(filter: {near: null})", PLAIN),
        ("(filter: {near: {west: 1, east: 2}})", PLAIN | {"Filter.near"}),
        ('(filter: {all: [{all: {text: "a"}}]})', PLAIN | {"Filter.text"}),
        ("(filter: {all: {order: TAKEN_ASC}})", PLAIN | {"Order.TAKEN_ASC"}),
    ],
)
def test_literals_are_walked(argument: str, expected: set[str]) -> None:
    assert used(f"{{ photos{argument} {{ id }} }}") == expected


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, {"Order.TAKEN_DESC"}),
        ({"f": None}, {"Order.TAKEN_DESC"}),
        ({"f": {}}, PLAIN),
        ({"f": {"near": None}}, PLAIN),
        ({"f": {"near": NEAR}}, PLAIN | {"Filter.near"}),
        ({"f": {"all": [{"all": [{"near": NEAR}]}]}}, PLAIN | {"Filter.near"}),
        ({"f": {"all": {"text": "a"}}}, PLAIN | {"Filter.text"}),
        ({"o": "NAME_ASC"}, set()),
        ({"o": "TAKEN_ASC"}, {"Order.TAKEN_ASC"}),
    ],
)
def test_variables_are_walked_by_their_types(variables: dict[str, Any], expected: set[str]) -> None:
    text = "query ($f: Filter, $o: Order) { photos(filter: $f, order: $o) { id } }"
    if "o" in variables:
        variables = {"f": None, **variables}
    assert used(text, variables) == expected


def test_a_variable_inside_a_literal_counts_once_it_is_given() -> None:
    text = "query ($b: Box) { photos(filter: {all: [{near: $b}]}) { id } }"
    assert used(text) == PLAIN
    assert used(text, {"b": None}) == PLAIN
    assert used(text, {"b": NEAR}) == PLAIN | {"Filter.near"}


def test_the_default_of_a_variable_counts_where_it_stands_in() -> None:
    text = "query ($f: Filter = {near: {west: 1, east: 2}}) { photos(filter: $f, order: NAME_ASC) { id } }"
    assert used(text) == {"Query.photos(filter:)", "Filter.near"}
    assert used(text, {"f": {}}) == {"Query.photos(filter:)"}


def test_null_in_a_mutation_clears_and_so_is_a_use() -> None:
    assert used("mutation { place(input: {id: 1, near: null}) { id } }") == {"SetPlace.near"}
    text = "mutation ($i: SetPlace!) { place(input: $i) { id } }"
    assert used(text, {"i": {"id": 1, "near": None}}) == {"SetPlace.near"}
    assert used(text, {"i": {"id": 1}}) == set()


def test_skipped_fields_and_unused_fragments_of_types_count_as_read() -> None:
    classes = toy_documents().prepare("query ($n: Boolean!) { photo { gps @include(if: $n) } }").classes
    assert ("LOCATION", "read") in classes
