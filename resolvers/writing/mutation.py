"""Runs mutations: checks the caller, runs once per `clientMutationId`, and completes even if the client disconnects."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol, TypeVar

import msgspec

from access.scope import Scope
from access.viewer import ViewerKind
from datasources import Sources
from datasources.errors import SourceError
from datasources.tables.idempotency import Repeat
from datasources.tables.store import Key
from indexing.index_lag import IndexLag
from resolvers.context import Context
from resolvers.errors import BadInput, CustomerErased, Forbidden
from resolvers.loading import Loader
from resolvers.writing.outcome import ErrorCode, Fault, FaultError, Outcome, rejected
from resolvers.writing.text_normalization import is_text

MAX_CLIENT_ID = 200
_STILL_RUNNING = Fault(ErrorCode.CONFLICT, "The first request with this `clientMutationId` is still running. Retry later.")


@dataclass(frozen=True, slots=True)
class MutationContext:
    """What a mutation works with. It has no loaders, because they end with the request and a write must not."""

    sources: Sources
    index_lag: IndexLag
    scope: Scope
    owner: str


class MutationInput(Protocol):
    """An input of a mutation; equal inputs have the same `repr`."""

    @property
    def client_mutation_id(self) -> str | None:
        """The idempotency key."""


G = TypeVar("G", bound=MutationInput)
MutationFunction = Callable[[MutationContext, G], Awaitable[Outcome]]


async def mutate(context: Context, name: str, given: G, work: MutationFunction[G]) -> Outcome:
    """Runs a mutation in the viewer's library, then clears the loaders; raises `Forbidden` for viewers without a library."""
    if context.viewer.kind is not ViewerKind.CUSTOMER or context.viewer.customer is None:
        raise Forbidden("Only a customer can change a library, and only their own.", "NOT_OWNER")
    if context.viewer.erased:
        raise CustomerErased
    # Raises an error if the customer was erased since the request started.
    await context.sources.keys.ensure(context.viewer.customer)
    mutation = MutationContext(context.sources, context.index_lag, await context.scope(), context.viewer.customer)
    return await run_mutation(context, mutation, name, given, work)


async def run_mutation(context: Context, mutation: MutationContext, name: str, given: G, work: MutationFunction[G]) -> Outcome:
    """Runs a mutation whose permission was checked by the caller."""
    task = context.index_lag.run_in_background(run_idempotent(mutation, name, given, work))
    try:
        return await asyncio.shield(task)
    finally:
        _clear_loaders(context)


async def run_idempotent(mutation: MutationContext, name: str, given: G, work: MutationFunction[G]) -> Outcome:
    """Returns the stored outcome for a repeat within 24 hours. It is stored encrypted with the viewer's key."""
    client_id = given.client_mutation_id
    if client_id is None:
        return await _run(mutation, given, work)
    if not 1 <= len(client_id) <= MAX_CLIENT_ID or not is_text(client_id):
        raise BadInput(f"`clientMutationId` must have 1 to {MAX_CLIENT_ID} printable characters.", "CLIENT_MUTATION_ID")
    sources, key = mutation.sources, Key(mutation.scope.viewer.key, client_id)
    # A keyed hash, because readers of the table could guess the input of a plain hash.
    digest = sources.ids.local_id("repeat", mutation.owner, name, repr(given))
    keys = await sources.keys.ensure(mutation.owner)
    match await sources.idempotency_keys.begin(key, digest, keys, now_s=sources.now_ms() // 1_000):
        case Repeat.OTHER_INPUT:
            raise BadInput("This `clientMutationId` was used with another input. Use a new one.", "REPEAT_DIFFERS")
        case Repeat.RUNNING:
            return rejected(_STILL_RUNNING, "clientMutationId")
        case bytes() as stored:
            return msgspec.msgpack.decode(stored, type=Outcome)
    try:
        outcome = await _run(mutation, given, work)
    except BaseException:
        with suppress(SourceError):
            await sources.idempotency_keys.forget(key)
        raise
    # The mutation succeeded, so a failure to store its outcome is ignored.
    with suppress(SourceError):
        await sources.idempotency_keys.end(key, digest, msgspec.msgpack.encode(outcome), keys, now_s=sources.now_ms() // 1_000)
    return outcome


async def _run(mutation: MutationContext, given: G, work: MutationFunction[G]) -> Outcome:
    try:
        return await work(mutation, given)
    except FaultError as e:
        return Outcome(errors=(e.error,))


def _clear_loaders(context: Context) -> None:
    for loader in vars(context).values():
        if isinstance(loader, Loader):
            loader.clear_all()
    context.forget_scope()
