"""A customer who was erased is in no table, bucket, key or file of the index of the real servers; the audit shows what was touched."""

from __future__ import annotations

import json
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from access.viewer import Viewer, ViewerKind
from datasources import TABLES
from datasources.aws.calls import AwsCalls
from datasources.aws.stack import Stack
from datasources.tables.jobs import JOBS
from resolvers.erasing.certificate import NOTHING
from tests.cli.test_commands import COMMAND, ENVIRONMENT, ROOT
from tests.erasing.makers import CANARY, erased, furnished, job_of
from tests.erasing.test_erase import WITHOUT_CUSTOMERS, planted
from tests.jobs.makers import Clock
from tests.requests.harness import Gateway
from tests.stack.raw_storage import traces
from tests.stack.stacks import gateway_on, made, settings_of, stack_of

pytestmark = pytest.mark.servers
PHOTOS = "query($id: ID!) { customer(id: $id) { photos(first: 10) { nodes { id caption } } } }"
REPORTS = Viewer(
    ViewerKind.SERVICE, "reports", scopes=frozenset(f"photos:{s}" for s in ("read", "time", "content")), purpose="albums in print"
)


@pytest.fixture
async def stack() -> AsyncIterator[Stack]:
    async with made(stack_of()) as fresh:
        yield fresh


async def test_a_customer_is_gone_from_every_server_byte_by_byte(stack: Stack, tmp_path: Path) -> None:
    clock = Clock()
    async with gateway_on(stack, now_ms=clock) as gateway:
        ana, bob = await furnished(gateway, tmp_path)
        owner = str(ana.customer)
        needles = (CANARY.encode(), owner.encode(), bytes.fromhex(owner))
        requested = "{ photos { nodes { id caption } } viewer { customer { displayName } } }"
        before = await gateway.answer(requested, as_=bob)
        assert await planted(gateway, owner) == {t.name for t in TABLES} - WITHOUT_CUSTOMERS
        there = await traces(stack, *needles)
        assert {f"tables/{t.name}" for t in TABLES} - {f"tables/{t}" for t in WITHOUT_CUSTOMERS} <= there
        assert any(where.startswith(f"{stack.bucket}/") for where in there)
        assert any(where.startswith("index/") for where in there)

        certificate = await erased(gateway, clock, owner)

        assert {(s.left, s.digest) for s in certificate.stores.values()} == {(0, NOTHING)}
        assert (certificate.sampled, certificate.opened) == (2, 0)
        assert await planted(gateway, owner) == set()
        assert await traces(stack, *needles) <= {f"tables/{JOBS.name}"}
        await gateway.sources.jobs.forget(await job_of(gateway, owner))  # as it is after thirty days
        assert await traces(stack, *needles) == set()
        assert await gateway.answer(requested, as_=bob) == before


async def verified(stack: Stack, folder: Path, *more: str) -> tuple[int, dict[str, Any], str]:
    """As the command says it, in a process of its own: exit code, figures, words."""
    done = subprocess.run(  # noqa: ASYNC221 - nothing else is to happen meanwhile
        [*COMMAND, "audit", "verify", "--data", str(folder), *more], cwd=ROOT, env={**ENVIRONMENT, **settings_of(stack)},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout.splitlines()[-1]), done.stderr


async def read_by_a_service(gateway: Gateway, owner: str) -> None:
    await gateway.answer(PHOTOS, {"id": gateway.id("Customer", owner, owner)}, as_=REPORTS)


async def test_the_audit_in_its_bucket_is_whole_although_later_versions_change_or_hide_records(
    stack: Stack, tmp_path: Path
) -> None:
    async with gateway_on(stack) as gateway:
        await gateway.customer("ana")
        await gateway.photos("ana", "one", "two", caption="Sea")
        for _ in range(3):
            await read_by_a_service(gateway, "ana")
    code, said, words = await verified(stack, tmp_path)
    assert (code, said["records"], said["faults"]) == (0, 3, 0), words
    assert said["checkpoints"] >= 1

    calls = await AwsCalls.open("audit", "s3", stack.access(stack.s3_url), stack.retry_policy)
    try:
        listed = await calls.call("list_objects_v2", {"Bucket": stack.audit_bucket, "Prefix": "audit/records/"})
        first, *_, last = sorted(entry["Key"] for entry in listed["Contents"])
        at = {"Bucket": stack.audit_bucket, "Key": first}
        written = await (await calls.call("get_object", at))["Body"].read()
        # Object lock keeps the old version, but whoever may write can lay another one over it, or a mark of deletion.
        await calls.call("put_object", {**at, "Body": written.replace(b"reports", b"nobody1")})
        code, said, words = await verified(stack, tmp_path)
        assert (code, said["records"], said["faults"]) == (0, 3, 0), words  # the first version of each object counts
        await calls.call("delete_object", {"Bucket": stack.audit_bucket, "Key": last})
        code, said, words = await verified(stack, tmp_path)
        assert (code, said["records"], said["faults"]) == (0, 3, 0), words
    finally:
        await calls.close()
