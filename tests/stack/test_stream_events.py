"""Lambda's handler on records of a real stream: once, again, half of them, and with poison among them."""

from __future__ import annotations

import base64
import importlib.util
import json
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from access.scope import Scope
from access.viewer import Viewer
from datasources.errors import Corrupt, Unavailable
from datasources.search.port import SearchRequest, SearchResult
from datasources.tables.dynamodb.events import changes_of
from datasources.tables.dynamodb.feed import DynamoChangeFeed
from datasources.tables.photos import PHOTOS
from deploy.servers.addresses import REGION
from indexing.stream_events import handle
from settings import UnusableSettings
from tests.requests.harness import Gateway, customer
from tests.stack.stacks import gateway_on, made, stack_of

DONE: dict[str, Any] = {"batchItemFailures": []}


def as_lambda_has_it(value: Any) -> Any:
    """JSON, and so bytes in base64."""
    if isinstance(value, Mapping):
        return {k: as_lambda_has_it(v) for k, v in value.items()}
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


async def event_of(gateway: Gateway, prefix: str) -> dict[str, Any]:
    """Everything in the stream of photos so far, as one event."""
    feed = gateway.sources.feed
    assert isinstance(feed, DynamoChangeFeed)
    records: list[Any] = []
    for shard in await feed._shards.listed():
        if shard.table == PHOTOS.name:
            records += (await feed._shards.read(shard, 0, 1_000)).records
    arn = f"arn:aws:dynamodb:{REGION}:000000000000:table/{prefix}photos/stream/2026-11-24T00:00:00.000"
    keep = ("eventID", "eventName", "awsRegion", "dynamodb")
    plain = [{**{k: r[k] for k in keep if k in r}, "eventSourceARN": arn} for r in records]
    for record in plain:
        record["dynamodb"].pop("ApproximateCreationDateTime", None)
    event: dict[str, Any] = json.loads(json.dumps({"Records": [as_lambda_has_it(r) for r in plain]}))
    return event


async def found(gateway: Gateway, viewer: Viewer) -> int:
    await gateway.sources.index.refresh()
    answer: SearchResult = await gateway.sources.index.search(Scope(viewer, viewer.customer), SearchRequest(total=True))
    assert answer.total is not None
    return answer.total


@pytest.mark.servers
async def test_records_of_a_real_stream_bring_the_index_up_and_again_change_nothing() -> None:
    stack = stack_of()
    async with made(stack), gateway_on(stack) as gateway:
        ana = await gateway.customer("ana")
        for n in range(4):
            await gateway.photo("ana", f"{n}", caption="Sea", indexed=False)
        event = await event_of(gateway, stack.prefix)
        assert len(event["Records"]) == 4
        half = {"Records": event["Records"][:2]}
        assert await handle(gateway.sources, half, stack.prefix) == DONE
        assert await found(gateway, ana) == 2
        for _ in range(2):
            assert await handle(gateway.sources, event, stack.prefix) == DONE
            assert await found(gateway, ana) == 4
        # Old records after a deletion bring nothing back.
        gone = {"i": {"ids": [gateway.id("Photo", "ana", gateway.local("ana", "0"))]}}
        await gateway.answer(
            "mutation($i: DeletePhotosInput!) { deletePhotos(input: $i) { userErrors { code } } }", gone, as_=ana
        )
        assert await handle(gateway.sources, event, stack.prefix) == DONE
        assert await found(gateway, ana) == 3


@pytest.mark.servers
async def test_poison_stops_at_itself_and_a_sick_index_at_the_first() -> None:
    stack = stack_of()
    async with made(stack), gateway_on(stack) as gateway:
        ana = await gateway.customer("ana")
        for n in range(3):
            await gateway.photo("ana", f"{n}", caption="Sea", indexed=False)
        event = await event_of(gateway, stack.prefix)
        numbers = [r["dynamodb"]["SequenceNumber"] for r in event["Records"]]
        del event["Records"][1]["dynamodb"]["NewImage"]
        assert await handle(gateway.sources, event, stack.prefix) == {"batchItemFailures": [{"itemIdentifier": numbers[1]}]}
        assert await found(gateway, ana) == 1

        async def failing(*_: object) -> None:
            raise Unavailable("search", "down")

        gateway.sources.index.write = failing  # type: ignore[method-assign, assignment]
        rest = {"Records": event["Records"][2:]}
        assert await handle(gateway.sources, rest, stack.prefix) == {"batchItemFailures": [{"itemIdentifier": numbers[2]}]}


ARN = "arn:aws:dynamodb:eu-west-1:1:table/photos-photos/stream/x"
IMAGE = {"p": {"S": "ana"}, "s": {"S": "a"}, "v": {"N": "3"}, "b": {"B": "eA=="}}
RECORD: dict[str, Any] = {
    "eventSourceARN": ARN,
    "eventName": "MODIFY",
    "dynamodb": {"SequenceNumber": "111", "Keys": {"p": {"S": "ana"}, "s": {"S": "a"}}, "NewImage": IMAGE},
}


def test_a_removal_tells_the_version_that_was_there() -> None:
    reported = {**RECORD["dynamodb"]}
    reported["OldImage"] = reported.pop("NewImage")
    (change,) = changes_of({"Records": [{**RECORD, "eventName": "REMOVE", "dynamodb": reported}]}, "photos-")
    assert (change.table, change.key.sort, change.version, change.position) == ("photos", "a", 3, "111")


@pytest.mark.parametrize(
    "bad",
    [
        {}, {"Records": None}, {"Records": [{}]}, {"Records": [{**RECORD, "eventSourceARN": ARN.replace("photos-", "other-")}]},
        {"Records": [{**RECORD, "dynamodb": {"SequenceNumber": "111"}}]},
        {"Records": [{**RECORD, "dynamodb": {**RECORD["dynamodb"], "SequenceNumber": "x"}}]},
        {"Records": [{**RECORD, "dynamodb": {**RECORD["dynamodb"], "NewImage": {**IMAGE, "b": {"B": "%"}}}}]},
        {"Records": [{**RECORD, "dynamodb": {**RECORD["dynamodb"], "NewImage": {**IMAGE, "v": {"N": "x"}}}}]},
    ],
)  # fmt: skip
def test_what_is_no_record_of_ours_is_corrupt(bad: dict[str, Any]) -> None:
    with pytest.raises(Corrupt):
        changes_of(bad, "photos-")


FUNCTION = Path(__file__).parents[2] / "deploy" / "lambda" / "stream_handler.py"


@pytest.fixture
def function() -> Iterator[ModuleType]:
    """The function's file as Lambda loads it: by its path."""
    spec = importlib.util.spec_from_file_location("stream_handler", FUNCTION)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    module._loop.close()


def test_the_function_refuses_embedded_engines(function: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PHOTOS_STACK", raising=False)
    with pytest.raises(UnusableSettings, match="PHOTOS_STACK=aws"):
        function.handler({"Records": []}, None)


@pytest.mark.servers
def test_the_function_takes_its_settings_from_the_environment_and_a_real_batch(
    function: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = stack_of()
    for name, value in {
        "STACK": "local", "TABLE_PREFIX": stack.prefix, "BUCKET": stack.bucket, "KEY_ID": stack.key_id,
        "OPENSEARCH_INDEX": stack.index, "OPENSEARCH_URL": stack.search_url, "DYNAMODB_URL": stack.dynamodb_url,
        "S3_URL": stack.s3_url, "KMS_URL": stack.kms_url,
    }.items():  # fmt: skip
        monkeypatch.setenv(f"PHOTOS_{name}", str(value))

    async def filled(holding: AsyncExitStack) -> dict[str, Any]:
        await holding.enter_async_context(made(stack))
        async with gateway_on(stack) as gateway:
            await gateway.customer("ana")
            await gateway.photo("ana", "a", caption="Sea", indexed=False)
            return await event_of(gateway, stack.prefix)

    async def emptied(holding: AsyncExitStack) -> int:
        async with gateway_on(stack) as gateway:
            count = await found(gateway, customer("ana"))
        await function._sources["sources"].close()
        await holding.aclose()
        return count

    holding = AsyncExitStack()
    event = function._loop.run_until_complete(filled(holding))
    assert function.handler(event, None) == DONE
    assert function._loop.run_until_complete(emptied(holding)) == 1
