"""Whether a data folder agrees with itself: the index with the tables, the feed with both, and every seal with its key."""

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
    """What was compared and what was found."""

    customers: int = 0
    photos: int = 0
    tombstones: int = 0
    indexed: int = 0
    seals: int = 0
    behind: int = 0
    """Changes that the index had still before it and that were worked off first, as every start does."""
    missing: int = 0
    """In the tables, not in the index."""
    stale: int = 0
    """In the index at another version."""
    surplus: int = 0
    """In the index, not in the tables."""
    unreadable: int = 0
    """Seals that do not open."""
    repaired: int = 0
    examples: list[str] = field(default_factory=list)

    @property
    def agrees(self) -> bool:
        """Whether all is well (after the repair, if there was one)."""
        differ = self.missing + self.stale + self.surplus
        return self.unreadable == 0 and (differ == 0 or self.repaired > 0)

    def note(self, text: str) -> None:
        """Keeps an example; ids only."""
        if len(self.examples) < 20:  # noqa: PLR2004 - enough to see a pattern
            self.examples.append(text)

    def line(self) -> str:
        """One line of JSON."""
        counts = {k: v for k, v in asdict(self).items() if k != "examples"}
        return msgspec.json.encode({"agrees": self.agrees, **counts}).decode()


async def verify(sources: Sources, *, repair: bool) -> Findings:
    """Compares everything; the folder's index must be ours. `repair` rebuilds the index of customers where it differs."""
    findings = Findings(behind=await sources.feed.lag(CONSUMER))
    await IndexFollower(sources).settle()
    async for owner in sources.customers.everyone():
        findings.customers += 1
        versions = await _photos(sources, owner, findings)
        await _names(sources, owner, findings)
        if await _differs(sources, owner, versions, findings) and repair:
            findings.repaired += await rebuild_owner(sources, owner)
    return findings


def drop_damaged_index(data: Path) -> None:
    """Takes away an index that cannot be opened; the next one to open the folder rebuilds it from the tables."""
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
            findings.note(f"photo {record.owner}/{record.id}: a seal does not open")


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
    """Titles of albums, names of people, the customer's own identity."""
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
            findings.note(f"{what}: a seal does not open")


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
