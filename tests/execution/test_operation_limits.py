"""What honest clients send must pass every limit: the page's examples, the README, the operations of real clients."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import OperationDefinitionNode, get_introspection_query, parse

from execution.document_cache import MAX_COST
from tests.operations.client_operations import operations
from tests.requests.harness import served

ROOT = Path(__file__).parents[2]
IN_TEXT = re.compile(r"```graphql\n(.*?)```", re.DOTALL)
IN_JSON = re.compile(r'"query": "((?:[^"\\]|\\.)*)"')


def documents() -> Iterator[tuple[str, str]]:
    yield from operations().items()
    for example in json.loads((ROOT / "execution" / "page" / "examples.json").read_text("utf-8")):
        yield example["name"], example["query"]
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        text = path.read_text("utf-8")
        for number, found in enumerate([*IN_TEXT.findall(text), *(json.loads(f'"{q}"') for q in IN_JSON.findall(text))]):
            if "type " not in found and "directive @" not in found:
                yield f"{path.name} {number}", found
    yield "introspection", get_introspection_query(input_value_deprecation=True, schema_description=True, specified_by_url=True)


ADMITTED = list(documents())


@pytest.mark.parametrize(("name", "text"), ADMITTED, ids=[name for name, _ in ADMITTED])
def test_an_honest_document_is_admitted_ad_hoc_for_a_fraction_of_the_limit(name: str, text: str) -> None:
    _, prepared, _ = served()
    names = [d.name.value if d.name else None for d in parse(text).definitions if isinstance(d, OperationDefinitionNode)]
    assert names, name
    for operation in names:
        assert prepared.prepare(text, operation).cost({}) <= MAX_COST / 10


def test_there_are_examples_of_every_kind() -> None:
    assert len(ADMITTED) >= 30
    assert any(name.startswith("README") for name, _ in ADMITTED)
