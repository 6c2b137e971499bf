"""Provisioning of a stack: compares it with `desired_state`, then applies the differences unless one is refused.

On local servers everything is created here. On AWS, CloudFormation creates keys, tables and buckets from the same
`desired_state` (`deploy/cloudformation`); they are only checked here, and only the search user and the index are created.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack

from datasources.aws.calls import AwsCalls
from datasources.aws.stack import Stack
from datasources.provisioning import key
from datasources.provisioning.buckets import BucketPlan
from datasources.provisioning.desired_state import AUDIT, FILES
from datasources.provisioning.search import SearchIndexPlan
from datasources.provisioning.search_user import SearchUserPlan
from datasources.provisioning.steps import Plan, Skipped
from datasources.provisioning.tables import TablesPlan
from datasources.retry import RetryPolicy
from datasources.search.opensearch.indices import IndexShape, Indices
from datasources.search.opensearch.transport import Cluster, Transport

_RETRY_POLICY = RetryPolicy(deadline_s=60.0)
_CLOUDFORMATION = "the CloudFormation stack of deploy/cloudformation/photos-data.json"
Print = Callable[[str], None]


async def plan(stack: Stack, open_clients: AsyncExitStack) -> Plan:
    """The differences of this stack from the desired state; the steps can run while `open_clients` is open."""
    calls = {}
    for service, url in (("kms", stack.kms_url), ("s3", stack.s3_url), ("dynamodb", stack.dynamodb_url)):
        calls[service] = await AwsCalls.open(service, service, stack.access(url), _RETRY_POLICY)
        open_clients.push_async_callback(calls[service].close)
    admin = (stack.search_admin_user, stack.search_admin_password)
    user, password = admin if stack.search_admin_user else (stack.search_user, stack.search_password)
    transport = Transport(Cluster(stack.search_url, user, password, stack.authorities, deadline_s=60.0))
    indices = Indices(transport, stack.index, IndexShape())
    open_clients.push_async_callback(indices.close)
    resources = Plan.joined(
        [
            await key.plan(calls["kms"], stack.key_id),
            await TablesPlan(calls["dynamodb"], stack.prefix, guarded=not stack.local).plan(),
            await BucketPlan(calls["s3"], stack.region, stack.bucket, FILES).plan(),
            await BucketPlan(calls["s3"], stack.region, stack.audit_bucket, AUDIT).plan(),
        ]
    )
    search_user = await _search_user(stack, transport)
    index = await SearchIndexPlan(transport, indices).plan()
    return Plan.joined([resources if stack.local else resources.check_only(_CLOUDFORMATION), search_user, index])


async def _search_user(stack: Stack, transport: Transport) -> Plan:
    """The user of the gateway, if the settings name one; it is created with the credentials of the master user."""
    if stack.search_user is None or stack.search_password is None:
        return Plan()
    if stack.search_admin_user is None:
        needed = "PHOTOS_OPENSEARCH_ADMIN_USER and PHOTOS_OPENSEARCH_ADMIN_PASSWORD"
        return Plan(notes=[f"The OpenSearch user {stack.search_user} was not checked: set {needed} to create it."])
    return await SearchUserPlan(transport, stack.search_user, stack.search_password, stack.index).plan()


async def provision(stack: Stack, print_line: Print, *, dry: bool) -> bool:
    """Print and execute the plan; returns False, without any change, if something is refused."""
    async with AsyncExitStack() as open_clients:
        found = await plan(stack, open_clients)
        for note in found.notes:
            print_line(f"note: {note}")
        for sentence in found.refused:
            print_line(f"refused: {sentence}")
        if found.refused:
            return False
        for step in found.steps:
            if dry:
                print_line(f"would {step.what}")
                continue
            try:
                await step.do()
            except Skipped:
                print_line(f"skipped: {step.what} (this server does not support it)")
            else:
                print_line(f"done: {step.what}")
        if not found.steps:
            print_line("nothing to do: everything matches the definition")
        return True
