"""The whole stack: looked at first, then brought to what `needs` says. Nothing is done while something is refused."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack

from datasources.aws.calls import AwsCalls
from datasources.aws.stack import Stack
from datasources.provisioning import key
from datasources.provisioning.buckets import BucketPlan
from datasources.provisioning.desired_state import AUDIT, FILES
from datasources.provisioning.search import SearchPlan
from datasources.provisioning.steps import Plan, Skipped
from datasources.provisioning.tables import TablesPlan
from datasources.retry import RetryPolicy
from datasources.search.opensearch.indices import Indices, Shape
from datasources.search.opensearch.transport import Cluster, Wire

_PATIENCE = RetryPolicy(deadline_s=60.0)
Say = Callable[[str], None]


async def plan(stack: Stack, held: AsyncExitStack) -> Plan:
    """What this stack lacks; its steps work as long as `held` is open."""
    calls = {}
    for service, url in (("kms", stack.kms_url), ("s3", stack.s3_url), ("dynamodb", stack.dynamodb_url)):
        calls[service] = await AwsCalls.open(service, service, stack.access(url), _PATIENCE)
        held.push_async_callback(calls[service].close)
    wire = Wire(Cluster(stack.search_url, stack.search_user, stack.search_password, stack.authorities, deadline_s=60.0))
    indices = Indices(wire, stack.index, Shape())
    held.push_async_callback(indices.close)
    return Plan.joined(
        [
            await key.look(calls["kms"], stack.key_id),
            await TablesPlan(calls["dynamodb"], stack.prefix, guarded=not stack.local).look(),
            await BucketPlan(calls["s3"], stack.region, stack.bucket, FILES).look(),
            await BucketPlan(calls["s3"], stack.region, stack.audit_bucket, AUDIT).look(),
            await SearchPlan(wire, indices).look(),
        ]
    )


async def provision(stack: Stack, say: Say, *, dry: bool) -> bool:
    """Says and does what is to be done; False where something is refused, and then nothing was done."""
    async with AsyncExitStack() as held:
        found = await plan(stack, held)
        for note in found.notes:
            say(f"note: {note}")
        for sentence in found.refused:
            say(f"refused: {sentence}")
        if found.refused:
            return False
        for step in found.steps:
            if dry:
                say(f"would {step.what}")
                continue
            try:
                await step.do()
            except Skipped:
                say(f"left out: {step.what} (this server does not know how)")
            else:
                say(f"done: {step.what}")
        if not found.steps:
            say("nothing to do: everything is as it should be")
        return True
