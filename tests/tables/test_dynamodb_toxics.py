"""DynamoDB over connections that are slow, silent, cut or reset below HTTP: an error of ours, never an absent item; done once."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest

from datasources.errors import DeadlineExceeded, SourceError, Unavailable
from datasources.retry import RetryPolicy
from datasources.tables.dynamodb.schema import drop, make_missing
from datasources.tables.dynamodb.store import DynamoTables
from datasources.tables.store import Item, ItemStore, Key, Put, Remove, Span
from tests.servers import aws_access, places_of
from tests.tables.engines import Clock
from tests.tables.test_dynamodb_failures import KEYS, PLAIN, all_there, no_pause
from tests.tcp_fault_proxy import LATENCY, NO_ANSWER, RESET, SILENCE, SLICED, SLOW_CLOSE, Proxied, Toxic, cut_after, proxied

pytestmark = pytest.mark.servers


@dataclass
class Toxicated:
    proxy: Proxied
    tables: DynamoTables

    @property
    def store(self) -> ItemStore:
        return self.tables.items


@pytest.fixture
async def failing() -> AsyncIterator[Toxicated]:
    """Tables with five items behind a proxy that passes everything until it is response otherwise."""
    prefix = f"x{secrets.token_hex(6)}-"
    with proxied(places_of("dynamodb").url("dynamodb")) as proxy:
        policy = RetryPolicy(deadline_s=30.0, sleep=no_pause)
        tables = await DynamoTables.open(
            aws_access("dynamodb", url=proxy.url), (PLAIN,), prefix=prefix, clock=Clock(), retry_policy=policy
        )
        await make_missing(tables.calls, (PLAIN,), prefix)
        await tables.items.write_each([Put(PLAIN, Item(k, 1, k.sort.encode()), None) for k in KEYS])
        yield Toxicated(proxy, tables)
        tables.calls.retry_policy = RetryPolicy(deadline_s=30.0)
        await drop(tables.calls, (PLAIN,), prefix)
        await tables.close()


SLOW = {"latency": LATENCY, "a slow close": SLOW_CLOSE, "many small pieces": SLICED}
BROKEN: dict[str, tuple[Toxic, type[SourceError]]] = {
    "reset": (RESET, Unavailable),
    "silence": (SILENCE, DeadlineExceeded),
    "cut in the head": (cut_after(20), Unavailable),
    "cut in the body": (cut_after(300), Unavailable),
    "no answer": (NO_ANSWER, Unavailable),
}


@pytest.mark.parametrize("name", SLOW)
async def test_a_slow_table_is_waited_for(failing: Toxicated, name: str) -> None:
    failing.proxy.sicken(SLOW[name])
    assert await all_there(failing.store)
    assert [i.key for i in (await failing.store.query(PLAIN, "ana", Span(), limit=3)).items] == KEYS[:3]
    assert await failing.store.write_each([Put(PLAIN, Item(KEYS[0], 2, b"new"), 1)]) == [True]
    failing.proxy.heal()


@pytest.mark.parametrize("name", BROKEN)
async def test_a_broken_table_is_an_error_and_never_an_absent_item(failing: Toxicated, name: str) -> None:
    toxic, error = BROKEN[name]
    failing.proxy.sicken(toxic)
    if error is DeadlineExceeded:
        failing.tables.calls.retry_policy = RetryPolicy(deadline_s=0.5, sleep=no_pause)
    reads: tuple[Callable[[], Awaitable[object]], ...] = (
        lambda: failing.store.get_many(PLAIN, KEYS),
        lambda: failing.store.get_many(PLAIN, [Key("ana", "never there")]),
        lambda: failing.store.query(PLAIN, "ana", Span(), limit=3),
        lambda: failing.store.query(PLAIN, "nobody", Span(), limit=3),
    )
    # An answer without items is shorter than where it is cut.
    for read in reads[:1] if name == "cut in the body" else reads:
        with pytest.raises(error) as response:
            await read()
        assert response.value.source == "tables"
    failing.proxy.heal()
    failing.tables.calls.retry_policy = RetryPolicy(deadline_s=30.0)
    assert await all_there(failing.store)


def healed_at_the_first_pause(failing: Toxicated) -> None:
    """The first answer is lost, the second comes."""
    left = [failing.proxy.heal]

    async def heal(_: float) -> None:
        if left:
            left.pop()()

    failing.tables.calls.retry_policy = RetryPolicy(deadline_s=30.0, sleep=heal)


async def test_a_write_whose_answer_is_lost_on_the_way_is_done_once_and_is_ours(failing: Toxicated) -> None:
    async def lost(work: Callable[[], Awaitable[object]]) -> object:
        failing.proxy.sicken(NO_ANSWER)
        healed_at_the_first_pause(failing)
        return await work()

    fresh = Put(PLAIN, Item(Key("ana", "new"), 1, b"mine"), 0)
    assert await lost(lambda: failing.store.write_each([fresh])) == [True]
    assert await lost(lambda: failing.store.write_each([fresh])) == [False], "another's, with the same bytes"
    assert await lost(lambda: failing.store.write_each([Put(PLAIN, Item(KEYS[0], 2, b"two"), 1)])) == [True]
    assert await lost(lambda: failing.store.write_each([Remove(PLAIN, KEYS[1], 1)])) == [True]
    await lost(lambda: failing.store.transact([Put(PLAIN, Item(KEYS[2], 2, b"two"), 1), Remove(PLAIN, KEYS[3], 1)]))
    found = await failing.store.get_many(PLAIN, [*KEYS, fresh.item.key])
    assert {k.sort: i.version for k, i in found.items()} == {"0": 2, "2": 2, "4": 1, "new": 1}


async def test_a_write_without_a_response_is_an_error_and_its_repeat_is_recognized(failing: Toxicated) -> None:
    """A client that got an error reads, or repeats the conditional write, and finds that the value is stored."""
    failing.proxy.sicken(NO_ANSWER)
    with pytest.raises(Unavailable):
        await failing.store.write_each([Put(PLAIN, Item(KEYS[0], 2, b"new"), 1)])
    failing.proxy.heal()
    assert (await failing.store.get_many(PLAIN, KEYS[:1]))[KEYS[0]].version == 2
    assert await failing.store.write_each([Put(PLAIN, Item(KEYS[0], 2, b"new"), 1)]) == [False]
