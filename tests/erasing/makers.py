"""A customer with something in every store, and the erasure of one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from access.precision import LocationPrecision, TimePrecision
from access.seals import seal
from access.viewer import Viewer, ViewerKind
from datasources.media.port import MediaKey
from datasources.non_table_stores import RENDITIONS
from datasources.tables.access_log import ReadingRecord
from datasources.tables.grants import GrantRecord
from datasources.tables.invitations import InvitationRecord
from datasources.tables.jobs import JobKind, JobRecord
from datasources.tables.pictures import PictureRecord, Shown, Waiting
from datasources.tables.support_tickets import TicketRecord
from indexing.open_stores import forget_renditions
from resolvers.erasing.certificate import Certificate, certificate_key, read
from resolvers.erasing.erase import SURE_MS
from resolvers.erasing.start import OPERATOR, begin_erasure
from resolvers.jobs.job_run import folder_of
from resolvers.jobs.kinds import JOB_FUNCTIONS
from resolvers.jobs.runner import JobRunner
from tests.jobs.makers import EXPORT, Clock
from tests.requests.harness import ROME, Gateway

CANARY = "zanzibarcanary"
"""In every value of the customer's."""


async def somebody(gateway: Gateway, name: str) -> Viewer:
    """A customer with a local id as real ones have it, just signed in."""
    owner = gateway.sources.ids.local_id("customer", name)
    await gateway.sources.customers.ensure(owner, name, now_ms=gateway.sources.now_ms())
    return Viewer(ViewerKind.CUSTOMER, name, customer=owner, signed_in_at=gateway.sources.now_ms() // 1_000)


async def furnished(gateway: Gateway, folder: Path) -> tuple[Viewer, Viewer]:
    """Ana, who has a row in every table and a file in every store, and Bob, who has some and must keep them."""
    ana, bob = await somebody(gateway, CANARY), await somebody(gateway, "bob")
    gateway.sources.caches.append(forget_renditions(folder))
    for viewer, word in ((ana, CANARY), (bob, "beach")):
        owner = str(viewer.customer)
        photos = await gateway.photos(owner, "one", "two", caption=f"{word} in words", at=ROME, keywords=(word,))
        await gateway.person(owner, word)
        await _pictured(gateway, folder, owner, word)
        await gateway.answer(
            "mutation($i: CreateAlbumInput!) { createAlbum(input: $i) { album { id } userErrors { code } } }",
            {"i": {"title": word, "photoIds": photos, "clientMutationId": word}},
            as_=viewer,
        )
    await _shared(gateway, str(ana.customer), str(bob.customer))
    await _shared(gateway, str(bob.customer), str(ana.customer))
    await _looked_at(gateway, ana, bob)
    await _worked_for(gateway, ana)
    return ana, bob


async def _pictured(gateway: Gateway, folder: Path, owner: str, word: str) -> None:
    sources, local = gateway.sources, gateway.local(owner, "one")
    keys = await sources.keys.ensure(owner)

    async def data() -> AsyncIterator[bytes]:
        yield word.encode() * 100

    await sources.media.put(MediaKey(owner, "ab" * 16), data())
    record = PictureRecord(owner=owner, id=local, original="ab" * 16, width=1, height=1)
    await sources.pictures.save(record, Shown(word.encode()))
    waiting = PictureRecord(owner=owner, id=gateway.local(owner, "two"))
    await sources.pictures.put_waiting([(waiting, Waiting(word.encode(), "00", "image/jpeg"))])
    rendition = folder / RENDITIONS / owner / "cd"
    rendition.parent.mkdir(parents=True)
    rendition.write_bytes(seal(keys, record.binding, "RENDITION", word.encode()))


async def _shared(gateway: Gateway, owner: str, grantee: str) -> None:
    grant = GrantRecord(
        owner=owner, album="a1", grantee=grantee, version=0, created_at_ms=1,
        location=LocationPrecision.CITY.value, time=TimePrecision.EXACT.value,
    )  # fmt: skip
    assert await gateway.sources.grants.save(grant) is not None
    invitation = InvitationRecord(
        owner=owner, album="a2", recipient=grantee, version=0, created_at_ms=gateway.sources.now_ms(),
        location=LocationPrecision.CITY.value, time=TimePrecision.EXACT.value,
    )  # fmt: skip
    assert await gateway.sources.invitations.save(invitation) is not None


async def _looked_at(gateway: Gateway, ana: Viewer, bob: Viewer) -> None:
    """By a service, by each other, and by support."""
    sources, owner, other = gateway.sources, str(ana.customer), str(bob.customer)
    now = sources.now_ms()
    rows = [
        ReadingRecord(owner=owner, id="r1", at_ms=now, kind="SERVICE", principal="reports"),
        ReadingRecord(owner=owner, id="r2", at_ms=now, kind="CUSTOMER", principal=other),
        ReadingRecord(owner=other, id="r3", at_ms=now, kind="CUSTOMER", principal=owner),
    ]
    await sources.access_log.add(rows)
    ticket = TicketRecord(
        owner=owner, number="T1", agent="sam", version=0, classes=("TIME",), opened_at_ms=now, closes_at_ms=now + 60_000
    )
    assert await sources.tickets.open(ticket, f"{CANARY} called") is not None
    await sources.zones.begin(owner)
    await gateway.answer("{ photos { nodes { caption } } }", as_=ana)


async def _worked_for(gateway: Gateway, ana: Viewer) -> None:
    """An export that is whole, and another job that waits."""
    await gateway.answer(EXPORT, as_=ana)
    await JobRunner(gateway.sources, JOB_FUNCTIONS, worker="one").run_until_idle()
    await gateway.answer(EXPORT, as_=ana)


async def erased(gateway: Gateway, clock: Clock, owner: str) -> Certificate:
    """The customer erased by command, to the end."""
    await begin_erasure(gateway.sources, owner, OPERATOR)
    return await worked_off(gateway, clock, owner)


async def worked_off(gateway: Gateway, clock: Clock, owner: str) -> Certificate:
    """Lets the erasure that was begun come to its end."""
    runner = JobRunner(gateway.sources, JOB_FUNCTIONS, worker="one")
    for _ in range(5):  # the wait between the passes, and pauses after a failure
        await runner.run_until_idle()
        job = await job_of(gateway, owner)
        if not job.live:
            break
        clock.ms += SURE_MS
    assert job.status.value == "COMPLETED", job.error_code
    found = await certificate_of(gateway, job)
    assert found is not None
    return found


async def job_of(gateway: Gateway, owner: str) -> JobRecord:
    """The latest erasure of a customer."""
    jobs = [j async for j in gateway.sources.jobs.of_owner(owner) if j.kind is JobKind.ERASE]
    return max(jobs, key=lambda j: j.id)


async def certificate_of(gateway: Gateway, job: JobRecord) -> Certificate | None:
    """As fetched, if it is ours."""
    (file,) = job.files
    pieces = await gateway.sources.results.read(MediaKey(folder_of(gateway.sources, job), file.name))
    assert pieces is not None
    data = b"".join([p async for p in pieces])
    return read(data, (await certificate_key(gateway.sources)).public_key())


def holding(folder: Path, *needles: str | bytes) -> Iterator[str]:
    """Files of the folder whose content or name contains one of the needles."""
    wanted = [n.encode() if isinstance(n, str) else n for n in needles]
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder)).encode()
        data = path.read_bytes() if path.is_file() else b""
        if any(w in name or w in data for w in wanted):
            yield name.decode()
