from collections.abc import AsyncGenerator

# No `from __future__ import annotations`: strawberry reads the annotations of local classes.
from enum import Enum
from typing import Annotated

import strawberry

from execution.document_cache import DocumentCache
from execution.runner import Runner
from tests.wire.toy import ToyContext


@strawberry.enum
class Colour(Enum):
    RED = "the red one"


def test_defaults_of_strawberry_count_in_arguments_lists_and_inputs() -> None:
    @strawberry.input
    class Paint:
        colour: Colour = Colour.RED

    @strawberry.type
    class Query:
        @strawberry.field
        def one(self, colour: Colour = Colour.RED) -> int:
            return 1

        @strawberry.field
        def many(self, colours: list[Colour] = strawberry.UNSET) -> int:
            return 1

        @strawberry.field
        def mixed(self, paint: Paint | None = None) -> int:
            return 1

    documents = DocumentCache(strawberry.Schema(Query)._schema, classify=str)

    def uses(text: str) -> set[str]:
        classes = documents.prepare(text).uses_of({})
        return {found for (_, use), places in classes.items() if use == "use" for found in places}

    assert "Colour.RED" in uses("{ one }")
    assert "Colour.RED" in uses("{ mixed(paint: {}) }")
    assert "Colour.RED" in uses("{ many(colours: RED) }")
    assert "Colour.RED" not in uses("{ mixed }")


async def test_resolvers_of_strawberry_run_without_strawberry_s_own_executor() -> None:
    @strawberry.interface
    class Node:
        id: strawberry.ID

    @strawberry.type
    class Photo(Node):
        name: str

        @strawberry.field
        async def field_of(self, info: strawberry.Info) -> str:
            return f"{info.context.principal} for {info.field_name}"

    @strawberry.type
    class Query:
        @strawberry.field
        async def node(self, info: strawberry.Info, key: Annotated[strawberry.ID, strawberry.argument(name="id")]) -> Node | None:
            return Photo(id=key, name="a")

        @strawberry.field
        def hidden(self) -> str | None:
            raise AssertionError("resolved in spite of the denial")

    @strawberry.type
    class Subscription:
        @strawberry.subscription
        async def count(self, info: strawberry.Info, to: int) -> AsyncGenerator[int, None]:
            for number in range(to):
                yield number

    schema = strawberry.Schema(Query, subscription=Subscription, types=[Photo])._schema
    documents = DocumentCache(schema, classify=str)
    runner: Runner[str] = Runner(
        schema, decide=lambda _, needed: {c for found in needed.values() for c in found} & {"Query.hidden"}
    )
    context = ToyContext(principal="ana")

    found = documents.prepare("query ($id: ID!) { node(id: $id) { __typename id ... on Photo { name fieldOf } } }")
    answer = await runner.execute(found, {"id": "7"}, context)
    assert answer["data"] == {"node": {"__typename": "Photo", "id": "7", "name": "a", "fieldOf": "ana for fieldOf"}}

    found = documents.prepare("{ hidden }")
    assert (await runner.execute(found, {}, context, denial="null"))["data"] == {"hidden": None}

    found = documents.prepare("subscription { count(to: 2) }")
    assert [one["data"] async for one in runner.subscribe(found, {}, context)] == [{"count": 0}, {"count": 1}]
