"""What else stands in the matrix's world: a picture with its file, a finished job, and readings. All of it is ana's."""

from __future__ import annotations

from datasources import Sources
from datasources.tables.access_log import ReadingRecord
from datasources.tables.jobs import JobFile, JobKey, JobKind, JobRecord, JobStatus
from datasources.tables.pictures import PictureRecord, Shown
from resolvers.jobs.start import TYPE
from tests.policy.worlds import IDS, NOW_MS, local

HASH = b"canary of a thumbhash"
JOB = JobKey("CUSTOMER:ana", f"{NOW_MS:014d}{'0' * 16}")
STARTERS = {TYPE: IDS.encode(TYPE, JOB.starter, JOB.id)}
NOBODY_ELSES = frozenset({"canaryjob", "canaryreader", "canarypurpose", "canaryoriginal"})
"""What no viewer but ana is ever told, whatever their classes: her jobs, who read her data, names in stores."""


async def furnish(sources: Sources) -> None:
    """Puts it there."""
    picture = PictureRecord(
        owner="ana", id=local("ana", "one"), original="canaryoriginal", content_type="image/jpeg", width=400, height=300,
        near_duplicates=(local("ana", "one"),),
    )  # fmt: skip
    assert await sources.pictures.save(picture, Shown(HASH)) is not None
    file = JobFile("canaryjob.jsonl", "canaryjob", 1, 2, b"canaryjob")
    job = JobRecord(
        id=JOB.id, owner="ana", starter=JOB.starter, kind=JobKind.EXPORT, version=0, created_at_ms=NOW_MS,
        status=JobStatus.COMPLETED, error_code="canaryjob", snapshot="canaryjob", files=(file,), manifest=file,
    )  # fmt: skip
    assert isinstance(await sources.jobs.begin(job), JobRecord)
    reading = ReadingRecord(
        owner="ana", id="one", at_ms=NOW_MS, kind="SERVICE", principal="canaryreader", purpose="canarypurpose",
        classes=("TIME",), photos=1,
    )  # fmt: skip
    await sources.access_log.add([reading])
