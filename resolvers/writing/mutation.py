"""Where a mutation is done: by an owner, once for each `clientMutationId`, and to its end even if its caller hangs up."""

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
from resolvers.errors import BadInput, Erased, Forbidden
from resolvers.loading import Loader
from resolvers.writing.outcome import ErrorCode, Fault, FaultFound, Outcome, refused
from resolvers.writing.text_normalization import is_text

MAX_CLIENT_ID = 200
_STILL_RUNNING = Fault(ErrorCode.CONFLICT, "the first try has not ended yet: ask again in a moment")


@dataclass(frozen=True, slots=True)
class MutationContext:
    """What a mutation works with: no loader, for these die with the request and a write must not."""

    sources: Sources
    freshness: IndexLag
    scope: Scope
    owner: str


class Given(Protocol):
    """Every input; its `repr` tells two inputs apart."""

    @property
    def client_mutation_id(self) -> str | None:
        """The caller's own name for this try."""


G = TypeVar("G", bound=Given)
Work = Callable[[MutationContext, G], Awaitable[Outcome]]


async def mutate(context: Context, name: str, given: G, work: Work[G]) -> Outcome:
    """Does the work; raises `Forbidden` for whoever has no library. Afterwards the context reads everything anew."""
    if context.viewer.kind is not ViewerKind.CUSTOMER or context.viewer.customer is None:
        raise Forbidden("only a customer may change a library, and only their own", "NOT_OWNER")
    if context.viewer.erased:
        raise Erased
    # Also where the erasure was asked for since the request came; the error says so.
    await context.sources.keys.ensure(context.viewer.customer)
    desk = MutationContext(context.sources, context.freshness, await context.scope(), context.viewer.customer)
    return await run_mutation(context, desk, name, given, work)


async def run_mutation(context: Context, desk: MutationContext, name: str, given: G, work: Work[G]) -> Outcome:
    """The same at a desk whose right to be there was looked at."""
    task = context.freshness.keep(run_idempotent(desk, name, given, work))
    try:
        return await asyncio.shield(task)
    finally:
        _forget(context)


async def run_idempotent(desk: MutationContext, name: str, given: G, work: Work[G]) -> Outcome:
    """A repeat within a day does nothing and gives the first answer, sealed under the viewer's own key till then."""
    client_id = given.client_mutation_id
    if client_id is None:
        return await _done(desk, given, work)
    if not 1 <= len(client_id) <= MAX_CLIENT_ID or not is_text(client_id):
        raise BadInput(f"`clientMutationId` has 1 to {MAX_CLIENT_ID} characters", "CLIENT_MUTATION_ID")
    sources, key = desk.sources, Key(desk.scope.viewer.key, client_id)
    # Keyed: a plain hash of a short caption could be guessed by whoever reads the table.
    digest = sources.ids.local_id("repeat", desk.owner, name, repr(given))
    keys = await sources.keys.ensure(desk.owner)
    match await sources.repeats.begin(key, digest, keys, now_s=sources.now_ms() // 1_000):
        case Repeat.OTHER_INPUT:
            raise BadInput("this `clientMutationId` was used with another input", "REPEAT_DIFFERS")
        case Repeat.RUNNING:
            return refused(_STILL_RUNNING, "clientMutationId")
        case bytes() as answer:
            return msgspec.msgpack.decode(answer, type=Outcome)
    try:
        outcome = await _done(desk, given, work)
    except BaseException:
        with suppress(SourceError):
            await sources.repeats.forget(key)
        raise
    # What was done is done: that the answer could not be kept must not turn it into a failure.
    with suppress(SourceError):
        await sources.repeats.end(key, digest, msgspec.msgpack.encode(outcome), keys, now_s=sources.now_ms() // 1_000)
    return outcome


async def _done(desk: MutationContext, given: G, work: Work[G]) -> Outcome:
    try:
        return await work(desk, given)
    except FaultFound as e:
        return Outcome(errors=(e.error,))


def _forget(context: Context) -> None:
    for loader in vars(context).values():
        if isinstance(loader, Loader):
            loader.clear_all()
    context.forget_scope()
