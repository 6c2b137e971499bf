"""Read-your-writes: after a mutation, the viewer's next response contains it or is reported as stale.

Random mutations run against a model in memory while the index is available, delayed or failing. After each change, every
kind of index query is compared with the model.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from access.scope import Scope
from access.viewer import Viewer
from datasources.errors import SourceError, Unavailable
from datasources.photo_key import PhotoKey
from datasources.search.conditions import Condition, Everything
from datasources.search.port import (
    Embedding,
    Order,
    PhotoDocument,
    PhotoIndex,
    Position,
    Removal,
    SearchRequest,
    SearchResult,
    SimilarPhoto,
)
from indexing.documents import catch_up
from indexing.index_lag import IndexLag
from tests.requests.harness import Gateway, opened

PHOTOS = 14
WORDS = ("harbor", "meadow", "lantern")
READ = """query($album: ID!) {
  timeline: photos(first: 100) { nodes { id } }
  counted: photos(first: 100) { nodes { id } total { count } facet(by: FAVORITE) { buckets { key count } } }
  liked: photos(first: 100, filter: {favorite: true}) { nodes { id } total { count } }
  trash: photos(first: 100, filter: {states: [TRASHED]}) { nodes { id } total { count } }
  album(id: $album) { photoCount photos(first: 100) { nodes { id } } }
  found: searchPhotos(query: "harbor", first: 100) { nodes { id } total { count } }
}"""
UPDATE = "mutation($i: UpdatePhotosInput!) { done: updatePhotos(input: $i) { userErrors { code } } }"
TRASH = "mutation($i: TrashPhotosInput!) { done: trashPhotos(input: $i) { userErrors { code } } }"
RESTORE = "mutation($i: RestorePhotosInput!) { done: restorePhotos(input: $i) { userErrors { code } } }"
DELETE = "mutation($i: DeletePhotosInput!) { done: deletePhotos(input: $i) { userErrors { code } } }"
ADD = "mutation($i: AddToAlbumInput!) { done: addToAlbum(input: $i) { userErrors { code } } }"
REMOVE = "mutation($i: RemoveFromAlbumInput!) { done: removeFromAlbum(input: $i) { userErrors { code } } }"


class LateIndex(PhotoIndex):
    """The real index; its writes can be delayed or fail, its searches always work."""

    def __init__(self, real: PhotoIndex) -> None:
        self._real = real
        self._open = asyncio.Event()
        self._open.set()
        self.dead = False

    @property
    def open(self) -> bool:
        return self._open.is_set()

    def hold(self) -> None:
        self._open.clear()

    def release(self) -> None:
        self.dead = False
        self._open.set()

    def _check(self) -> None:
        if self.dead:
            raise Unavailable("search", "dead")

    async def write(self, entries: Sequence[PhotoDocument | Removal]) -> None:
        await self._open.wait()
        self._check()
        await self._real.write(entries)

    async def refresh(self) -> None:
        await self._open.wait()
        self._check()
        await self._real.refresh()

    async def search(self, scope: Scope, question: SearchRequest) -> SearchResult:
        return await self._real.search(scope, question)

    async def search_many(self, scope: Scope, questions: Sequence[SearchRequest]) -> Sequence[SearchResult]:
        return await self._real.search_many(scope, questions)

    async def nearest(self, scope: Scope, to: Embedding, k: int, condition: Condition = Everything()) -> Sequence[SimilarPhoto]:  # noqa: B008 - frozen
        return await self._real.nearest(scope, to, k, condition)

    async def document_frequencies(self, scope: Scope, conditions: Sequence[Condition]) -> tuple[int, Sequence[int]]:
        return await self._real.document_frequencies(scope, conditions)

    async def positions(self, scope: Scope, keys: Sequence[PhotoKey], order: Order) -> Mapping[PhotoKey, Position]:
        return await self._real.positions(scope, keys, order)

    async def erase(self, owner: str) -> None:
        await self._real.erase(owner)

    async def purge(self, others: AsyncIterator[Sequence[PhotoDocument | Removal]]) -> None:
        await self._real.purge(others)

    async def versions(self, owner: str) -> Mapping[str, int]:
        return await self._real.versions(owner)

    async def close(self) -> None:
        await self._real.close()


class Blind(IndexLag):
    """An index lag that always reports the index as current."""

    async def wait_until_indexed(self, owners: Iterable[str]) -> bool:
        return True


@dataclass
class Model:
    """The expected state of the library."""

    all: set[str]
    liked: set[str] = field(default_factory=set)
    trashed: set[str] = field(default_factory=set)
    album: set[str] = field(default_factory=set)
    harbor: set[str] = field(default_factory=set)

    def expected(self) -> dict[str, Any]:
        active = self.all - self.trashed
        return {
            "timeline": active,
            "counted": (active, len(active), {"true": len(active & self.liked), "false": len(active - self.liked)}),
            "liked": (active & self.liked, len(active & self.liked)),
            "trash": (self.trashed, len(self.trashed)),
            "album": (active & self.album, len(active & self.album)),
            "found": (active & self.harbor, len(active & self.harbor)),
        }


@dataclass
class Life:
    """Random steps, deterministic for a seed."""

    gateway: Gateway
    index: LateIndex
    ana: Viewer
    album: str
    model: Model
    dice: random.Random
    stale: int = 0
    agreed: int = 0
    violations: list[str] = field(default_factory=list)

    async def step(self) -> None:
        self._index_moves()
        if self.dice.random() < 0.6:
            await self._feed()
        change = self._change()
        if self.dice.random() < 0.3:  # a concurrent reader may see either state; the next read may not
            await asyncio.gather(change, self._read())
        else:
            await change
        await self.compare()

    def _index_moves(self) -> None:
        match self.dice.choice(("stay", "stay", "hold", "release", "release", "die")):
            case "hold":
                self.index.hold()
            case "release":
                self.index.release()
            case "die":
                self.index.release()
                self.index.dead = True

    async def _feed(self) -> None:
        """Runs the change feed consumer; it fails with the index, and is cancelled while the index is delayed."""
        try:
            async with asyncio.timeout(1 if self.index.open else 0):
                await catch_up(self.gateway.sources, self.gateway.index_lag)
        except (SourceError, TimeoutError):
            return

    async def _change(self) -> None:
        m, chosen = self.model, self.dice.sample(sorted(self.model.all), min(len(self.model.all), self.dice.randint(1, 3)))
        match self.dice.choice(("like", "unlike", "word", "trash", "restore", "add", "remove", "delete", "like", "word")):
            case "like":
                await self._send(UPDATE, ids=chosen, set={"favorite": True})
                m.liked |= set(chosen)
            case "unlike":
                await self._send(UPDATE, ids=chosen, set={"favorite": False})
                m.liked -= set(chosen)
            case "word":
                word = self.dice.choice(WORDS)
                await self._send(UPDATE, ids=chosen, set={"caption": f"the {word} at dusk"})
                m.harbor = m.harbor - set(chosen) | (set(chosen) if word == WORDS[0] else set())
            case "trash":
                await self._send(TRASH, ids=chosen)
                m.trashed |= set(chosen)
            case "restore":
                await self._send(RESTORE, ids=chosen)
                m.trashed -= set(chosen)
            case "add":
                await self._send(ADD, albumId=self.album, photoIds=chosen)
                m.album |= set(chosen)
            case "remove":
                await self._send(REMOVE, albumId=self.album, photoIds=chosen)
                m.album -= set(chosen)
            case _:
                await self._delete(chosen[0])

    async def _delete(self, photo: str) -> None:
        await self._send(DELETE, ids=[photo])
        for part in (self.model.all, self.model.liked, self.model.trashed, self.model.album, self.model.harbor):
            part.discard(photo)
        self.model.all.add(await self.gateway.photo("ana", f"new {self.dice.getrandbits(64)}", indexed=False))
        await self.gateway.answer(UPDATE, {"i": {"ids": sorted(self.model.all), "set": {"rating": 3}}}, as_=self.ana)

    async def _send(self, query: str, **given: Any) -> None:
        assert (await self.gateway.answer(query, {"i": given}, as_=self.ana))["done"]["userErrors"] == []

    async def _read(self) -> dict[str, Any]:
        return await self.gateway.execute(READ, {"album": self.album}, as_=self.ana)

    async def compare(self) -> None:
        answer = await self._read()
        assert "errors" not in answer, answer
        wrong = differing(answer["data"], self.model.expected())
        declared = any(d["reason"] == "Stale" for d in answer.get("extensions", {}).get("degraded", ()))
        self.stale += declared
        self.agreed += not wrong and not declared
        if wrong and not declared:
            self.violations += wrong
        # The timeline is read from the table, so it must always be correct.
        assert {n["id"] for n in answer["data"]["timeline"]["nodes"]} == self.model.all - self.model.trashed


def differing(data: Mapping[str, Any], expected: Mapping[str, Any]) -> list[str]:
    ids = lambda part: {n["id"] for n in part["nodes"]}  # noqa: E731
    likes = {b["key"]: b["count"] for b in data["counted"]["facet"]["buckets"]}
    seen = {
        "timeline": ids(data["timeline"]),
        "counted": (ids(data["counted"]), data["counted"]["total"]["count"], {k: likes.get(k, 0) for k in ("true", "false")}),
        "album": (ids(data["album"]["photos"]), data["album"]["photoCount"]),
        **{k: (ids(data[k]), data[k]["total"]["count"]) for k in ("liked", "trash", "found")},
    }
    return [name for name, value in expected.items() if seen[name] != value]


async def lived(folder: Path, index_lag: IndexLag, *, seed: int, steps: int, enough: Collection[str] = ()) -> Life:
    """Runs random steps; ends early at the first violation named in `enough`."""
    late: list[LateIndex] = []

    def around(real: PhotoIndex) -> PhotoIndex:
        late.append(LateIndex(real))
        return late[0]

    async with opened(folder, index_lag=index_lag, around_index=around) as gateway:
        ana = await gateway.customer("ana")
        names = [f"p{i}" for i in range(PHOTOS)]
        photos = await gateway.photos("ana", *names, taken_local="2024-05-01T10:00:00")
        life = Life(gateway, late[0], ana, await gateway.album(ana, "A"), Model(set(photos)), random.Random(seed))
        for _ in range(steps):
            await life.step()
            if enough and life.violations:
                break
        await recovered(life)
        return life


async def recovered(life: Life) -> None:
    """Once the index works and the change feed is indexed, nothing is reported as stale: no version stays pending forever."""
    life.index.release()
    await life.gateway.settle()
    while await catch_up(life.gateway.sources, life.gateway.index_lag):
        pass
    before = life.stale
    await life.compare()
    assert life.stale == before


@pytest.mark.slow
async def test_no_response_is_silently_stale(tmp_path) -> None:
    life = await lived(tmp_path, IndexLag(search_wait_s=0.005, write_wait_s=0.02), seed=20, steps=1_000)
    assert life.violations == []
    assert life.stale > 100
    assert life.agreed > 20  # the number depends on the speed of the machine


async def test_no_response_of_a_short_run_is_silently_stale(tmp_path) -> None:
    life = await lived(tmp_path, IndexLag(search_wait_s=0.005, write_wait_s=0.02), seed=7, steps=60)
    assert life.violations == []
    assert min(life.stale, life.agreed) > 0


async def test_the_model_detects_stale_responses_without_index_lag(tmp_path) -> None:
    assert (await lived(tmp_path, Blind(write_wait_s=0.02), seed=7, steps=200, enough=("any",))).violations


LIKED = "{ photos(filter: {favorite: true}) { total { count } } }"


def liked(answer: Mapping[str, Any]) -> tuple[int, bool]:
    """The number of favorites, and whether the response is reported as stale."""
    degraded = answer.get("extensions", {}).get("degraded", ())
    return answer["data"]["photos"]["total"]["count"], any(d["reason"] == "Stale" for d in degraded)


async def test_a_search_between_table_and_index_write_is_reported_as_stale(tmp_path, monkeypatch) -> None:
    async with opened(tmp_path, index_lag=IndexLag(search_wait_s=0.005)) as gateway:
        ana, photo = await gateway.customer("ana"), await gateway.photo("ana", "a")
        save, meanwhile = gateway.sources.photos.save, []

        async def save_and_look(*args: Any, **named: Any) -> Any:
            saved = await save(*args, **named)
            meanwhile.append(liked(await gateway.execute(LIKED, as_=ana)))
            return saved

        monkeypatch.setattr(gateway.sources.photos, "save", save_and_look)
        await gateway.answer(UPDATE, {"i": {"ids": [photo], "set": {"favorite": True}}}, as_=ana)
        assert meanwhile == [(0, True)]
        assert liked(await gateway.execute(LIKED, as_=ana)) == (1, False)


async def test_a_write_that_failed_after_it_was_stored_is_reported_as_stale(tmp_path, monkeypatch) -> None:
    late: list[LateIndex] = []

    def around(real: PhotoIndex) -> PhotoIndex:
        late.append(LateIndex(real))
        return late[0]

    async with opened(tmp_path, index_lag=IndexLag(search_wait_s=0.005), around_index=around) as gateway:
        ana, photo = await gateway.customer("ana"), await gateway.photo("ana", "a")
        save = gateway.sources.photos.save

        async def save_and_fail(*args: Any, **named: Any) -> Any:
            await save(*args, **named)
            raise Unavailable("tables", "the answer was lost")

        monkeypatch.setattr(gateway.sources.photos, "save", save_and_fail)
        late[0].hold()
        answer = await gateway.execute(UPDATE, {"i": {"ids": [photo], "set": {"favorite": True}}}, as_=ana)
        assert answer["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
        assert liked(await gateway.execute(LIKED, as_=ana)) == (0, True)
        late[0].release()
        await gateway.settle()
        assert liked(await gateway.execute(LIKED, as_=ana)) == (1, False)
