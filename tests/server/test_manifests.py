"""Manifests of persisted documents."""

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
async def test_manifests_of_both_compilers_are_added_with_hashes(tmp_path: Path, manifest: Any, count: int) -> None:
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
        ("{", "not valid JSON"),
        ([], "Relay's map"),
        ({}, "Relay's map"),
        ({"a": 7}, "no valid id or text"),
        ({"x" * 201: KIND}, "no valid id or text"),
        ({"a#b": KIND}, "no valid id or text"),
        ({**APOLLO, "version": 2}, "version 1"),
        ({**APOLLO, "operations": [7]}, "no valid id or text"),
        ({"a": KIND, "b": "{ nope }"}, "document b is invalid"),
        (
            {"a": "{ photos(first: 200) { nodes { albums(first: 200) { photos(first: 200) { nodes { id } } } } } }"},
            "costs too much",
        ),
    ],
)
async def test_an_invalid_manifest_adds_nothing(tmp_path: Path, manifest: Any, words: str) -> None:
    settings = Settings(data=tmp_path / "data")
    with pytest.raises(UnusableSettings, match=words):
        await add_manifest(settings, written(tmp_path, manifest), "web")
    assert await listed(settings, None) == []


async def test_names_of_clients_are_validated(tmp_path: Path) -> None:
    for name in ("", "a#b", "x" * 65, "a\nb"):
        with pytest.raises(UnusableSettings, match="client's name"):
            await add_manifest(Settings(data=tmp_path / "data"), written(tmp_path, RELAY), name)


async def test_a_missing_manifest_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UnusableSettings, match="cannot be read"):
        await add_manifest(Settings(data=tmp_path / "data"), tmp_path / "none.json", "web")


def test_the_prefix_of_hashes_is_removed() -> None:
    assert [e.id for e in entries(json.dumps(RELAY).encode())] == [next(iter(RELAY)), hash_of(SPOKEN)]
