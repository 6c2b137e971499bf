"""Failures of KMS: unusable keys, an unavailable service and malformed responses."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from datasources.errors import Corrupt, DeadlineExceeded, SourceError, Throttled, Unavailable
from datasources.keys.kms import KmsKeyService
from datasources.retry import RetryPolicy
from tests.http_fault_proxy import CUT, Faults, Spoil, faults, garbage, rewritten, silence
from tests.servers import aws_access, places_of

pytestmark = pytest.mark.servers
CONTEXT = {"purpose": "test"}


async def no_pause(_: float) -> None:
    await asyncio.sleep(0)


@dataclass
class Failing:
    proxy: Faults
    keys: KmsKeyService


@pytest.fixture
async def failing() -> AsyncIterator[Failing]:
    async with faults(places_of("kms").url("kms")) as proxy:
        retry_policy = RetryPolicy(deadline_s=20.0, sleep=no_pause)
        keys = await KmsKeyService.open(aws_access("kms", url=proxy.url), f"alias/{secrets.token_hex(6)}", retry_policy)
        await keys.make_key()
        proxy.seen.clear()
        yield Failing(proxy, keys)
        await keys.close()


def refusal(code: str, status: int = 400) -> Spoil:
    return lambda _s, _b: (status, json.dumps({"__type": code, "message": "secret words"}).encode())


@pytest.mark.parametrize("fault", [refusal("ThrottlingException"), refusal("KMSInternalException", 500), garbage, CUT])
async def test_a_fault_that_passes_is_not_noticed(failing: Failing, fault: Spoil | str) -> None:
    plain, wrapped = await failing.keys.generate(CONTEXT)
    failing.proxy.next = [fault]
    assert await failing.keys.unwrap(wrapped, CONTEXT) == plain


@pytest.mark.parametrize(
    ("fault", "error", "tries"),
    [
        (refusal("ThrottlingException"), Throttled, 4), (refusal("KMSInternalException", 500), Unavailable, 4),
        (garbage, Corrupt, 4), (CUT, Unavailable, 4), (refusal("AccessDeniedException"), Unavailable, 1),
        (refusal("InvalidCiphertextException"), Corrupt, 1), (refusal("IncorrectKeyException"), Corrupt, 1),
    ],
)  # fmt: skip
async def test_a_fault_that_stays_is_reported_by_its_kind(
    failing: Failing, fault: Spoil | str, error: type[SourceError], tries: int
) -> None:
    _, wrapped = await failing.keys.generate(CONTEXT)
    failing.proxy.seen.clear()
    failing.proxy.always = fault
    with pytest.raises(error) as raised:
        await failing.keys.unwrap(wrapped, CONTEXT)
    assert type(raised.value) is error
    assert "secret words" not in str(raised.value)
    assert len(failing.proxy.seen) == tries


async def test_a_key_of_another_size_is_corrupt(failing: Failing) -> None:
    failing.proxy.always = rewritten(lambda response: response.update(Plaintext="c2hvcnQ="))
    with pytest.raises(Corrupt):
        await failing.keys.generate(CONTEXT)


async def test_silence_ends_at_the_deadline(failing: Failing) -> None:
    failing.proxy.always = silence
    failing.keys._calls.retry_policy = RetryPolicy(deadline_s=0.2)
    with pytest.raises(DeadlineExceeded):
        await failing.keys.generate(CONTEXT)


@pytest.mark.parametrize("operation", ["disable_key", "schedule_key_deletion"])
async def test_a_key_that_may_not_be_used_is_unavailable_not_corrupt(failing: Failing, operation: str) -> None:
    """The key may be enabled again, so data wrapped by it is not lost."""
    plain, wrapped = await failing.keys.generate(CONTEXT)
    calls = failing.keys._calls
    response = await calls.call("describe_key", {"KeyId": failing.keys._key_id})
    key_id = response["KeyMetadata"]["KeyId"]
    await calls.call(operation, {"KeyId": key_id})
    for call in (failing.keys.unwrap(wrapped, CONTEXT), failing.keys.generate(CONTEXT)):
        with pytest.raises(Unavailable):
            await call
    if operation == "disable_key":
        await calls.call("enable_key", {"KeyId": key_id})
        assert await failing.keys.unwrap(wrapped, CONTEXT) == plain
