"""Numbers that no Float or Int can represent are refused wherever a literal may stand, and in variables."""

from __future__ import annotations

import pytest
from graphql import build_schema

from execution.document_cache import DocumentCache
from execution.errors import RequestError
from tests.execution.test_http import JSON, NEW, errors, request

DIGITS = "9" * 400
BEYOND = ("1e999", "-1e999", "1.5E400", DIGITS, f"-{DIGITS}", f"{DIGITS}.5", "9" * 5_000)
SDL = """
scalar Any
input In { number: Float, numbers: [Float!], nested: In, any: Any }
directive @scaled(by: Float, any: Any) on FIELD
type Query { f(number: Float, numbers: [Float], in: In, any: Any, int: Int, id: ID): Int }
"""
LITERALS = (
    "{ f(number: %s) }",
    "{ f(numbers: [1, %s]) }",
    "{ f(in: {number: %s}) }",
    "{ f(in: {numbers: [0.5, %s]}) }",
    "{ f(in: {nested: {nested: {numbers: [%s]}}}) }",
    "{ f(any: %s) }",
    "{ f(any: {a: [{b: %s}]}) }",
    "{ f(in: {nested: {any: [[%s]]}}) }",
    "{ f @scaled(by: %s) }",
    "{ f @scaled(any: [%s]) }",
    "query($v: Float = %s) { f(number: $v) }",
    "query($v: [Float] = [1, %s]) { f(numbers: $v) }",
    "query($v: In = {nested: {number: %s}}) { f(in: $v) }",
    "query($v: Any = {a: %s}) { f(any: $v) }",
    "{ ...F } fragment F on Query { f(number: %s) }",
)
DOCUMENTS: DocumentCache[str] = DocumentCache(build_schema(SDL), classify=lambda _: None)


@pytest.mark.parametrize("document", LITERALS)
def test_a_literal_beyond_the_range_of_float_is_refused_wherever_it_stands(document: str) -> None:
    for number in BEYOND:
        with pytest.raises(RequestError) as refused:
            DOCUMENTS.prepare(document % number)
        assert refused.value.code == "GRAPHQL_VALIDATION_FAILED"
    for number in ("1e308", "-1.7976931348623157e308", "1e-999", "0", "9" * 300):
        DOCUMENTS.prepare(document % number)


@pytest.mark.parametrize("document", ["{ f(int: %s) }", "query($v: Int = %s) { f(int: $v) }"])
def test_an_int_literal_outside_32_bits_is_refused(document: str) -> None:
    for number in ("2147483648", "-2147483649", DIGITS, "9" * 5_000, "1e3", "1e999"):
        with pytest.raises(RequestError) as refused:
            DOCUMENTS.prepare(document % number)
        assert refused.value.code == "GRAPHQL_VALIDATION_FAILED"
    for number in ("2147483647", "-2147483648"):
        DOCUMENTS.prepare(document % number)


def test_an_id_may_have_any_number_of_digits() -> None:
    DOCUMENTS.prepare(f"{{ f(id: {DIGITS}) }}")


@pytest.mark.parametrize("number", ["1e999", "-1e999", DIGITS, "NaN", "Infinity"])
async def test_a_number_beyond_the_range_is_refused_in_variables(number: str) -> None:
    query = "query ($w: Float!) { photos(filter: {near: {west: $w, east: 1}}) { id } }"
    body = f'{{"query": "{query}", "variables": {{"w": {number}}}}}'
    response = await request(content=body.encode(), headers={**JSON, "accept": NEW})
    assert (response.status_code, errors(response)[0][0]) == (400, "BAD_USER_INPUT")
