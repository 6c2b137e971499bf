"""Owners' keys: made once, cached for a while, rotated under load, destroyed for good."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest

from access.seals import Binding, OwnerKeys, seal, unseal
from datasources.errors import Corrupt, Unavailable
from datasources.keys.file import FileKeyService
from datasources.keys.port import KeyService
from datasources.tables import keys as keys_module
from datasources.tables.erasure_marks import ERASURE_MARKS
from datasources.tables.keys import CACHE_S, KEYS, Clocks, Destroyed, KeyRing
from datasources.tables.sqlite.store import SqliteTables
from datasources.tables.store import Item, ItemStore, Key, Put

HERE = Binding("photos", "ana", "p1")
MONTH_S = 31 * 86_400


@dataclass
class Time:
    wall: float = 1_800_000_000.0
    steady: float = 0.0

    def passes(self, seconds: float) -> None:
        self.wall += seconds
        self.steady += seconds

    @property
    def clocks(self) -> Clocks:
        return Clocks(lambda: self.wall, lambda: self.steady)


@dataclass
class CountedService(KeyService):
    """A real key service that counts, and can go down."""

    inner: KeyService
    calls: list[str] = field(default_factory=list)
    down: bool = False

    async def generate(self, context: Mapping[str, str]) -> tuple[bytes, bytes]:
        self._called("generate")
        return await self.inner.generate(context)

    async def unwrap(self, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        self._called("unwrap")
        return await self.inner.unwrap(wrapped, context)

    def _called(self, name: str) -> None:
        self.calls.append(name)
        if self.down:
            raise Unavailable("keys", "down")

    @property
    def for_production(self) -> bool:
        return False


class CountedReads:
    """Counts what a ring reads from its store."""

    def __init__(self, store: ItemStore) -> None:
        self.batches: list[int] = []
        self._store = store
        self._read = store.get_many
        store.get_many = self._counted  # type: ignore[method-assign]

    async def _counted(self, table: object, keys: Collection[Key]) -> Mapping[Key, Item]:
        self.batches.append(len(keys))
        return await self._read(table, keys)  # type: ignore[arg-type]


@dataclass
class Installation:
    """A data folder; every `ring` is a process with its own connections and memory."""

    folder: Path
    time: Time = field(default_factory=Time)
    opened: list[SqliteTables] = field(default_factory=list)

    def tables(self) -> SqliteTables:
        self.opened.append(SqliteTables.open(self.folder / "t.sqlite", [KEYS, ERASURE_MARKS], clock=lambda: self.time.wall))
        return self.opened[-1]

    def service(self) -> CountedService:
        return CountedService(FileKeyService(self.folder / "keys"))

    def ring(self, service: KeyService | None = None, store: ItemStore | None = None) -> KeyRing:
        return KeyRing(store or self.tables().items, service or self.service(), clocks=self.time.clocks)


@pytest.fixture
async def installation(tmp_path: Path) -> AsyncIterator[Installation]:
    made = Installation(tmp_path)
    yield made
    for tables in made.opened:
        await tables.close()


async def one(ring: KeyRing, owner: str = "ana") -> OwnerKeys:
    return (await ring.keys_of([owner]))[owner]


async def test_an_owner_without_a_key_is_absent_until_one_is_ensured(installation: Installation) -> None:
    ring = installation.ring()
    assert await ring.keys_of(["ana", "bob"]) == {}
    made = await ring.ensure("ana")
    assert await ring.keys_of(["ana", "bob"]) == {"ana": made}
    assert await ring.ensure("ana") == made
    assert await ring.keys_of([]) == {}
    assert (len(made.current.id), len(made.current.secret), made.owner) == (8, 32, "ana")
    assert await one(installation.ring()) == made
    assert (await ring.ensure("bob")).current.secret != made.current.secret


async def test_those_who_race_for_a_first_key_agree(installation: Installation) -> None:
    rings = [installation.ring() for _ in range(6)]
    made = await asyncio.gather(*(ring.ensure(owner) for ring in rings for owner in ("ana", "bob", "ana")))
    assert len({keys.current.id for keys in made}) == 2
    assert {keys.owner: keys for keys in made} == await installation.ring().keys_of(["ana", "bob"])


async def test_the_keys_of_a_page_are_two_batches_and_one_call_of_the_service_a_month(installation: Installation) -> None:
    first, owners = installation.ring(), [f"o{n}" for n in range(100)]
    for n, owner in enumerate(owners):
        await first.ensure(owner)
        if n == 50:
            installation.time.passes(MONTH_S)
    service, store = installation.service(), installation.tables().items
    reads = CountedReads(store)
    ring = installation.ring(service, store)
    assert (await ring.keys_of(owners)).keys() == set(owners)
    assert (reads.batches, service.calls) == ([100, 2], ["unwrap"] * 2)
    await ring.keys_of(owners)
    assert len(reads.batches) == 2
    installation.time.passes(CACHE_S)
    await ring.keys_of(owners)
    assert (reads.batches, service.calls) == ([100, 2, 100], ["unwrap"] * 2)


async def test_what_is_being_loaded_is_not_loaded_again(installation: Installation) -> None:
    for owner in ("ana", "bob", "cy"):
        await installation.ring().ensure(owner)
    service, store = installation.service(), installation.tables().items
    reads = CountedReads(store)
    ring = installation.ring(service, store)
    found = await asyncio.gather(*(ring.keys_of(o) for o in (["ana"], ["ana", "bob"], ["bob", "ana"], ["cy", "bob"]) * 5))
    assert [set(f) for f in found[:4]] == [{"ana"}, {"ana", "bob"}, {"ana", "bob"}, {"bob", "cy"}]
    assert sorted(reads.batches) == [1] * 4
    assert service.calls == ["unwrap"]


async def test_one_who_gives_up_does_not_take_the_load_from_the_others(installation: Installation) -> None:
    await installation.ring().ensure("ana")
    ring = installation.ring()
    impatient, patient = (asyncio.create_task(ring.keys_of(["ana"])) for _ in range(2))
    await asyncio.sleep(0)
    impatient.cancel()
    assert "ana" in await patient
    assert impatient.cancelled()


async def test_a_failure_is_not_remembered(installation: Installation) -> None:
    await installation.ring().ensure("ana")
    service = installation.service()
    ring = installation.ring(service)
    service.down = True
    outcomes = await asyncio.gather(*(ring.keys_of(["ana"]) for _ in range(5)), return_exceptions=True)
    assert {type(o) for o in outcomes} == {Unavailable}
    service.down = False
    assert "ana" in await ring.keys_of(["ana"])


async def test_known_owners_are_served_while_the_key_service_is_down(installation: Installation) -> None:
    service = installation.service()
    ring = installation.ring(service)
    made = await ring.ensure("ana")
    service.down = True
    for _ in range(5):
        installation.time.passes(CACHE_S)
        assert await one(ring) == made
    assert (await ring.ensure("bob")).owner == "bob"
    installation.time.passes(MONTH_S)
    with pytest.raises(Unavailable):
        await ring.ensure("cy")
    assert await one(ring) == made


async def test_memory_is_bounded(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys_module, "_CACHED_OWNERS", 3)
    store = installation.tables().items
    ring = installation.ring(store=store)
    for owner in "abcd":
        await ring.ensure(owner)
    reads = CountedReads(store)
    await ring.keys_of("bcd")
    assert reads.batches == []
    assert (await ring.keys_of("abcd")).keys() == set("abcd")
    assert reads.batches == [1]


async def test_rotation_under_load_never_fails_a_read(installation: Installation) -> None:
    """Ten processes seal and open each other's seals while one rotates: none ever meets a key it does not know."""
    rings = [installation.ring() for _ in range(10)]
    await rings[0].ensure("ana")
    sealed: list[bytes] = []
    for second in range(0, 600, 7):
        if second % 105 == 0:
            await rings[second % 10].rotate("ana")
        ring = rings[second % 10]
        sealed.append(seal(await one(ring), HERE, "CONTENT", b"x"))
        for reader in (rings[(second * 3) % 10], rings[(second * 7 + 1) % 10]):
            keys = await one(reader)
            assert {unseal(keys, HERE, "CONTENT", s) for s in sealed} == {b"x"}
        installation.time.passes(7)
    assert len({s[1:9] for s in sealed}) == 6
    assert len((await one(rings[0])).by_id) == 7


async def test_a_new_key_seals_only_when_every_process_knows_it(installation: Installation) -> None:
    ring, other = installation.ring(), installation.ring()
    first = await ring.ensure("ana")
    assert await one(other) == first
    rotated = await ring.rotate("ana")
    assert rotated.current == first.current
    (new,) = rotated.by_id.keys() - first.by_id.keys()
    installation.time.passes(CACHE_S - 1)
    assert new not in (await one(other)).by_id
    installation.time.passes(1)
    assert new in (await one(other)).by_id
    installation.time.passes(CACHE_S + 1)
    assert {(await one(r)).current.id for r in (ring, other)} == {new}


async def test_nobody_loses_a_key_when_two_rotate_at_once(installation: Installation) -> None:
    rings = [installation.ring() for _ in range(3)]
    await asyncio.gather(*(ring.rotate("ana") for ring in rings))
    assert len((await one(installation.ring())).by_id) == 3


async def test_destroyed_keys_are_gone_at_once_here_and_within_the_cache_time_elsewhere(installation: Installation) -> None:
    ring, other = installation.ring(), installation.ring()
    await ring.ensure("ana")
    await one(other)
    await ring.destroy("ana")
    assert await ring.keys_of(["ana"]) == {}
    installation.time.passes(CACHE_S)
    assert await other.keys_of(["ana"]) == {}
    assert await installation.ring().keys_of(["ana"]) == {}


async def test_a_destroyed_owner_never_gets_another_key(installation: Installation) -> None:
    ring, other = installation.ring(), installation.ring()
    await ring.ensure("ana")
    await ring.destroy("ana")
    await ring.destroy("never had one")
    await ring.destroy("ana")
    for each in (ring, other, installation.ring()):
        for owner in ("ana", "never had one"):
            with pytest.raises(Destroyed):
                await each.ensure(owner)
            with pytest.raises(Destroyed):
                await each.rotate(owner)


async def test_keys_read_while_they_are_destroyed_do_not_outlive_it(installation: Installation) -> None:
    store = installation.tables().items
    await installation.ring(store=store).ensure("ana")
    ring = installation.ring(store=store)
    read, held, seen = store.get_many, asyncio.Event(), asyncio.Event()

    async def slow(table: object, keys: Sequence[Key]) -> Mapping[Key, Item]:
        found = await read(table, keys)  # type: ignore[arg-type]
        if not seen.is_set():
            seen.set()
            await held.wait()
        return found

    store.get_many = slow  # type: ignore[method-assign]
    early = asyncio.create_task(ring.keys_of(["ana"]))
    await seen.wait()
    await ring.destroy("ana")
    held.set()
    assert await early == {}
    assert await ring.keys_of(["ana"]) == {}


@pytest.mark.parametrize("rival", ["ensure", "rotate"])
async def test_no_race_revives_a_destroyed_owner(installation: Installation, rival: str) -> None:
    for n in range(20):
        ring, owner = installation.ring(), f"o{n}"
        others = [installation.ring() for _ in range(2)]
        calls = [getattr(other, rival)(owner) for other in others]
        await asyncio.gather(*calls[:1], ring.destroy(owner), *calls[1:], return_exceptions=True)
        assert await installation.ring().keys_of([owner]) == {}
        for tables in installation.opened:
            await tables.close()
        installation.opened.clear()


async def test_a_destroyed_key_is_in_no_file_any_more(installation: Installation) -> None:
    ring, store = installation.ring(), installation.tables().items
    await ring.ensure("ana")
    row = (await store.get_many(KEYS, [Key("owner:ana", "keys")]))[Key("owner:ana", "keys")]
    wrapped = msgspec.msgpack.decode(row.body)[0][0][2]
    assert stored(installation.folder, wrapped)
    await ring.destroy("ana")
    assert not stored(installation.folder, wrapped)


def stored(folder: Path, what: bytes) -> bool:
    return any(what in path.read_bytes() for path in folder.rglob("*") if path.is_file())


async def move(store: ItemStore, source: str, target: str) -> None:
    rows = await store.get_many(KEYS, [Key(source, "keys")])
    await store.write_each([Put(KEYS, Item(Key(target, "keys"), 99, rows[Key(source, "keys")].body), None)])


async def test_a_wrapped_key_moved_to_another_owner_is_corrupt(installation: Installation) -> None:
    ring, store = installation.ring(), installation.tables().items
    await ring.ensure("ana")
    await ring.ensure("bob")
    await move(store, "owner:ana", "owner:bob")
    with pytest.raises(Corrupt):
        await installation.ring().keys_of(["bob"])


async def test_a_row_with_any_bit_changed_is_corrupt(installation: Installation) -> None:
    store, key = installation.tables().items, Key("owner:ana", "keys")
    old_mark = msgspec.msgpack.encode(keys_module._Row((), destroyed=True))
    for destroyed in (False, True):
        await installation.ring(store=store).rotate("ana")
        if destroyed:  # as earlier versions left it
            await store.write_each([Put(KEYS, Item(key, 98, old_mark), None)])
        body = (await store.get_many(KEYS, [key]))[key].body
        for bit in range(len(body) * 8):
            changed = bytearray(body)
            changed[bit // 8] ^= 1 << bit % 8
            await store.write_each([Put(KEYS, Item(key, 99, bytes(changed)), None)])
            with pytest.raises(Corrupt):
                await installation.ring(store=store).keys_of(["ana"])
        await store.write_each([Put(KEYS, Item(key, 100, body), None)])


async def test_a_time_that_no_clock_shows_is_corrupt(installation: Installation) -> None:
    """One bit turned a small number into one of 64 bits, which had raised an error of Python's own."""
    store, key = installation.tables().items, Key("owner:ana", "keys")
    await installation.ring(store=store).ensure("ana")
    row = keys_module._read((await store.get_many(KEYS, [key]))[key])
    for when in (2**64 - 1, 2**63, -(2**63), 1):
        version = msgspec.structs.replace(row.versions[0], seals_from_s=when)
        body = msgspec.msgpack.encode(msgspec.structs.replace(row, versions=(version,)))
        await store.write_each([Put(KEYS, Item(key, 99, body), None)])
        with pytest.raises(Corrupt):
            await installation.ring(store=store).keys_of(["ana"])


async def test_a_moved_wrapping_key_is_corrupt(installation: Installation) -> None:
    ring, store = installation.ring(), installation.tables().items
    await ring.ensure("ana")
    installation.time.passes(MONTH_S)
    await ring.ensure("bob")
    months = sorted({k.wrapped_by for o in ("ana", "bob") for k in await _versions(store, o)})
    await move(store, f"wrapping:{months[0]}", f"wrapping:{months[1]}")
    assert "ana" in await installation.ring().keys_of(["ana"])
    with pytest.raises(Corrupt):
        await installation.ring().keys_of(["bob"])


async def _versions(store: ItemStore, owner: str) -> Sequence[keys_module._Version]:
    key = Key(f"owner:{owner}", "keys")
    return keys_module._read((await store.get_many(KEYS, [key]))[key]).versions


async def test_the_secret_of_an_installation_is_made_once_for_each_purpose(installation: Installation) -> None:
    rings = [installation.ring() for _ in range(5)]
    made = await asyncio.gather(*(ring.installation_secret("ids") for ring in rings))
    assert len(set(made)) == 1
    assert len(made[0]) == 32
    assert await installation.ring().installation_secret("ids") == made[0]
    assert await installation.ring().installation_secret("cursors") != made[0]
    assert not await asyncio.to_thread(stored, installation.folder, made[0])


def test_keys_are_kept_out_of_backups() -> None:
    assert not KEYS.recovery
    assert not KEYS.feed
