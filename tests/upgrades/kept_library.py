"""The kept data folder and exports of an older commit, and their recorded answers (tests/upgrades/kept/README.md)."""

from __future__ import annotations

import gzip
import json
import tarfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from access.policy import OWNER_VISIBILITY
from access.scope import Scope
from access.viewer import GuestLink, Viewer, ViewerKind
from datasources import Sources
from datasources.search.port import Embedding
from datasources.tables.grants import link_grantee
from execution.errors import ErrorMapper, RequestError
from indexing.index_lag import IndexLag
from resolvers.context import Context
from tests.requests.harness import served

KEPT = Path(__file__).parent / "kept"


@cache
def expected() -> Any:
    return json.loads(gzip.decompress((KEPT / "expected.json.gz").read_bytes()))


def unpacked(into: Path) -> Path:
    """A copy of the kept data folder, with its modes."""
    with tarfile.open(KEPT / "data-folder.tar.gz") as packed:
        packed.extractall(into, filter="tar")  # "data" would drop the modes of folders
    return into / "data"


class Replay:
    """Repeats recorded requests over opened sources."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._lag = IndexLag()

    def viewer(self, recorded: Mapping[str, Any]) -> Viewer:
        ids = self._sources.ids
        match recorded["kind"]:
            case "CUSTOMER":
                name = recorded["externalId"]
                local = ids.local_id("customer", name)
                return Viewer(ViewerKind.CUSTOMER, name, customer=local, erased=recorded.get("erased", False))
            case "SERVICE":
                scopes = frozenset(recorded["scopes"])
                return Viewer(ViewerKind.SERVICE, recorded["name"], scopes=scopes, purpose=recorded["purpose"])
        album = ids.decode(recorded["album"])
        assert album is not None
        return Viewer(ViewerKind.GUEST, "guest", guest_of=GuestLink(album.owner, album.local, link_grantee(recorded["secret"])))

    async def answer(self, query: str, variables: Mapping[str, Any], viewer: Viewer) -> Any:
        """The answer without texts of errors and without costs."""
        _, documents, runner = served()
        context = Context(self._sources, self._lag, viewer, ("en",), public_url="http://gateway.test")
        try:
            await context.prefer_customer_languages()
            answer = await runner.execute(documents.prepare(query), variables, context)
        except RequestError as e:
            answer = {"errors": ErrorMapper().request_errors(e)}
        finally:
            await context.aclose()
        return comparable(json.loads(msgspec.json.encode(answer)))


def comparable(answer: Any) -> Any:
    """An answer without the texts and ids of errors, without costs, and with rounded scores."""
    if isinstance(answer, list):
        return [comparable(a) for a in answer]
    if not isinstance(answer, dict):
        return round(answer, 4) if isinstance(answer, float) else answer
    dropped = (
        {"cost"}
        | ({"message"} if "extensions" in answer else set())
        | ({"id"} if "code" in answer and "name" not in answer and "kind" not in answer else set())
    )
    found = {k: comparable(v) for k, v in answer.items() if k not in dropped}
    return {k: v for k, v in found.items() if k != "extensions" or v}


async def stored_of(sources: Sources, name: str) -> dict[str, Any]:
    """Every record of a customer with its opened seals, as the recording has them."""
    owner = sources.ids.local_id("customer", name)
    scope = Scope(Viewer(ViewerKind.CUSTOMER, name, customer=owner), owner)
    records, _ = await sources.photos.of_owner(owner, limit=1_000)
    seen = await sources.photos.opened([r for r in records if not r.deleted], OWNER_VISIBILITY)
    photos = {}
    for photo in seen.values():
        assert photo.content is not None
        vector = photo.embedding
        near = [] if vector is None else await sources.index.nearest(scope, Embedding(vector.model, vector.vector), 3)
        photos[photo.content.source_id] = {
            "record": msgspec.to_builtins(msgspec.structs.replace(photo.record, sealed={})),
            "sealedGroups": sorted(photo.record.sealed),
            "content": msgspec.to_builtins(photo.content),
            "coordinates": msgspec.to_builtins(photo.coordinates),
            "embedding": msgspec.to_builtins(vector),
            "nearest": [[n.key.id, round(float(n.similarity), 3)] for n in near],
        }
    albums = ([a.record.id, a.title, a.record.version, a.record.cover] for a in await sources.albums.all(scope))
    people = ([p.record.id, p.name, p.record.version, p.record.cover] for p in await sources.people.all(scope))
    grants = await sources.grants.of_albums(owner)
    found = {
        "local": owner,
        "keys": len((await sources.keys.keys_of([owner]))[owner].by_id),
        "homeZones": [list(z) for z in (await sources.zones.of([owner])).get(owner, ())],
        "photos": dict(sorted(photos.items())),
        "tombstones": [msgspec.to_builtins(r) for r in records if r.deleted],
        "albums": sorted(albums, key=str),
        "people": sorted(people, key=str),
        "grants": [
            {**msgspec.to_builtins(msgspec.structs.replace(g, sealed_secret=None)), "secret": await sources.grants.secret_of(g)}
            for g in grants
        ],
        "indexVersions": dict(sorted((await sources.index.versions(owner)).items())),
    }
    return dict(json.loads(msgspec.json.encode(found)))  # tuples become lists
