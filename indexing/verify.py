"""Checks the consistency of a data folder: the index with the tables, and every sealed value with its key."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import msgspec

from access.policy import OWNER_VISIBILITY
from access.scope import Scope
from access.seals import SealError, unseal
from access.viewer import Viewer, ViewerKind
from datasources import Sources
from datasources.errors import Corrupt
from datasources.tables.photos import EMBEDDING, PhotoRecord, SeenPhoto
from indexing.change_feed_consumer import IndexFollower
from indexing.documents import CONSUMER
from indexing.rebuild import rebuild_owner

_PAGE = 500


@dataclass
class Findings:
    """Counts of the checked records and of the differences."""

    customers: int = 0
    photos: int = 0
    tombstones: int = 0
    indexed: int = 0
    seals: int = 0
    behind: int = 0
    """Changes that were not yet indexed; they were indexed first, as at every start."""
    missing: int = 0
    """Photos in the tables that are not in the index."""
    stale: int = 0
    """Photos that have another version in the index."""
    surplus: int = 0
    """Photos in the index that are not in the tables."""
    unreadable: int = 0
    """Sealed values that cannot be decrypted."""
    repaired: int = 0
    examples: list[str] = field(default_factory=list)

    @property
    def agrees(self) -> bool:
        """Whether there are no differences, or all were repaired."""
        differ = self.missing + self.stale + self.surplus
        return self.unreadable == 0 and (differ == 0 or self.repaired > 0)

    def note(self, text: str) -> None:
        """Stores an example, which has only ids."""
        if len(self.examples) < 20:  # noqa: PLR2004 - sufficient to recognize a pattern
            self.examples.append(text)

    def json_line(self) -> str:
        """One line of JSON."""
        counts = {k: v for k, v in asdict(self).items() if k != "examples"}
        return msgspec.json.encode({"agrees": self.agrees, **counts}).decode()


async def verify(sources: Sources, *, repair: bool) -> Findings:
    """Checks all records; this process must have the index. `repair` rebuilds the index of customers with differences."""
    findings = Findings(behind=await sources.feed.lag(CONSUMER))
    await IndexFollower(sources).catch_up()
    async for owner in sources.customers.everyone():
        findings.customers += 1
        versions = await _photos(sources, owner, findings)
        await _names(sources, owner, findings)
        if await _differs(sources, owner, versions, findings) and repair:
            findings.repaired += await rebuild_owner(sources, owner)
    return findings


def drop_damaged_index(data: Path) -> None:
    """Deletes an index that cannot be opened; the next process that opens the folder rebuilds it from the tables."""
    shutil.rmtree(data / "index", ignore_errors=True)


async def _photos(sources: Sources, owner: str, findings: Findings) -> dict[str, int]:
    versions: dict[str, int] = {}
    after: str | None = None
    while True:
        records, after = await sources.photos.of_owner(owner, after=after, limit=_PAGE)
        live = [r for r in records if not r.deleted]
        versions.update({r.id: r.version for r in live})
        findings.photos += len(live)
        findings.tombstones += len(records) - len(live)
        await _open_photos(sources, live, findings)
        if after is None:
            return versions


async def _open_photos(sources: Sources, records: Sequence[PhotoRecord], findings: Findings) -> None:
    seen = await sources.photos.opened(records, OWNER_VISIBILITY)
    for record in records:
        findings.seals += len(record.sealed)
        photo = seen.get(record.key)
        if photo is None or not _opens(photo):
            findings.unreadable += 1
            findings.note(f"photo {record.owner}/{record.id}: a sealed value cannot be decrypted")


def _opens(photo: SeenPhoto) -> bool:
    record = photo.record
    try:
        _ = photo.content, photo.coordinates
        if EMBEDDING in record.sealed:
            unseal(photo.keys, record.binding, EMBEDDING, record.sealed[EMBEDDING])
    except (Corrupt, SealError, msgspec.MsgspecError):
        return False
    return True


async def _names(sources: Sources, owner: str, findings: Findings) -> None:
    """Checks the titles of albums, the names of people and the identity of the customer."""
    scope = Scope(Viewer(ViewerKind.CUSTOMER, "verify", owner), owner)
    albums, people = await sources.albums.all(scope), await sources.people.all(scope)
    customers = await sources.customers.by_ids(scope, [owner])
    readers: list[tuple[str, Callable[[], object]]] = [
        *((f"album {owner}/{a.record.id}", lambda a=a: a.title) for a in albums),
        *((f"person {owner}/{p.record.id}", lambda p=p: p.name) for p in people),
        *((f"customer {owner}", lambda c=c: c.identity) for c in customers.values()),
    ]
    for what, read in readers:
        findings.seals += 1
        try:
            read()
        except (Corrupt, msgspec.MsgspecError):
            findings.unreadable += 1
            findings.note(f"{what}: a sealed value cannot be decrypted")


async def _differs(sources: Sources, owner: str, versions: dict[str, int], findings: Findings) -> bool:
    indexed = await sources.index.versions(owner)
    findings.indexed += len(indexed)
    missing = versions.keys() - indexed.keys()
    surplus = indexed.keys() - versions.keys()
    stale = {i for i, version in versions.items() if i in indexed and indexed[i] != version}
    findings.missing += len(missing)
    findings.surplus += len(surplus)
    findings.stale += len(stale)
    for what, ids in (("is not in the index", missing), ("is in the index only", surplus), ("is stale in the index", stale)):
        for photo in sorted(ids)[:5]:
            findings.note(f"photo {owner}/{photo} {what}")
    return bool(missing or surplus or stale)
