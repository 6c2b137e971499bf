"""From a compiler's manifest to the safelist, and what is refused on the way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from datasources.tables.documents import hash_of
from serving.manifests import add_manifest, entries, listed, retired
from settings import Settings, UnusableSettings
from tests.requests.harness import served

KIND = "query Kind { viewer { kind } }"
SPOKEN = "query Spoken { viewer { languages } }"
RELAY = {"0cc175b9c0f1b6a831c399e269772661": KIND, "sha256:" + hash_of(SPOKEN): SPOKEN}
APOLLO = {
    "format": "apollo-persisted-query-manifest",
    "version": 1,
    "operations": [{"id": hash_of(t), "name": n, "type": "query", "body": t} for n, t in (("Kind", KIND), ("Spoken", SPOKEN))],
}


@pytest.fixture(autouse=True)
def _built_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("schema.build.build", lambda: served()[0])


def written(folder: Path, manifest: Any) -> Path:
    (folder / "manifest.json").write_text(json.dumps(manifest) if not isinstance(manifest, str) else manifest)
    return folder / "manifest.json"


@pytest.mark.parametrize(("manifest", "count"), [(RELAY, 3), (APOLLO, 2)], ids=["relay", "apollo"])
async def test_both_compilers_manifests_are_taken_and_every_document_has_its_hash(
    tmp_path: Path, manifest: Any, count: int
) -> None:
    settings = Settings(data=tmp_path / "data")
    first = await add_manifest(settings, written(tmp_path, manifest), "web")
    again = await add_manifest(settings, written(tmp_path, manifest), "web")
    assert (first.added, first.known, again.added, again.known) == (2, 0, 0, 2)
    found = await listed(settings, None)
    assert len(found) == count
    assert {hash_of(KIND), hash_of(SPOKEN)} <= {r.id for r in found}
    assert {(r.client, r.name) for r in found} == {("web", "Kind"), ("web", "Spoken")}
    assert await retired(settings, None, "sha256:" + hash_of(KIND)) == count - 1
    assert await listed(settings, "ios") == []


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        ("{", "not JSON"),
        ([], "Relay's map"),
        ({}, "Relay's map"),
        ({"a": 7}, "needs an id and a text"),
        ({"x" * 201: KIND}, "needs an id and a text"),
        ({"a#b": KIND}, "needs an id and a text"),
        ({**APOLLO, "version": 2}, "version 1"),
        ({**APOLLO, "operations": [7]}, "needs an id and a text"),
        ({"a": KIND, "b": "{ nope }"}, "document b cannot be served"),
        (
            {"a": "{ photos(first: 200) { nodes { albums(first: 200) { photos(first: 200) { nodes { id } } } } } }"},
            "costs too much",
        ),
    ],
)
async def test_a_manifest_with_a_fault_registers_nothing(tmp_path: Path, manifest: Any, words: str) -> None:
    settings = Settings(data=tmp_path / "data")
    with pytest.raises(UnusableSettings, match=words):
        await add_manifest(settings, written(tmp_path, manifest), "web")
    assert await listed(settings, None) == []


async def test_clients_have_names(tmp_path: Path) -> None:
    for name in ("", "a#b", "x" * 65, "a\nb"):
        with pytest.raises(UnusableSettings, match="client's name"):
            await add_manifest(Settings(data=tmp_path / "data"), written(tmp_path, RELAY), name)


async def test_a_manifest_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnusableSettings, match="cannot be read"):
        await add_manifest(Settings(data=tmp_path / "data"), tmp_path / "none.json", "web")


def test_ids_lose_the_prefix_of_their_hash() -> None:
    assert [e.id for e in entries(json.dumps(RELAY).encode())] == [next(iter(RELAY)), hash_of(SPOKEN)]
