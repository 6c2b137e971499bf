"""One conversation with an OpenSearch cluster: deadlines, a bounded number of tries, and its failures as ours."""

from __future__ import annotations

import asyncio
import logging
import random
import ssl
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import orjson
from opensearchpy import AsyncOpenSearch, exceptions

from datasources.errors import Corrupt, DeadlineExceeded, SourceError, Throttled, Unavailable

SOURCE = "search"
TRIES = 3
_FIRST_PAUSE_S = 0.05
_LINES = {"content-type": "application/x-ndjson"}
_BUSY = 429
_PASSING = frozenset({502, 503, 504})
_MISSING = 404
_FAULTY = 400


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where a cluster is and how it is spoken to. `ca_file`: whose signature its certificate must bear; else the system's."""

    url: str
    user: str | None = None
    password: str | None = None
    ca_file: Path | None = None
    deadline_s: float = 5.0
    connections: int = 32

    def __repr__(self) -> str:
        return f"Cluster({self.url!r})"


class Wire:
    """Requests to one cluster. Each is safe to repeat: reads are, and writes carry external versions."""

    def __init__(
        self,
        cluster: Cluster,
        *,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        # What fails is told by our errors; the client's own log would hold addresses and, when it debugs, bodies.
        logging.getLogger("opensearch").setLevel(logging.CRITICAL)
        secure = cluster.url.startswith("https://")
        self._deadline_s = cluster.deadline_s
        self._pause, self._jitter = pause, jitter
        self._client = AsyncOpenSearch(
            cluster.url,
            http_auth=(cluster.user, cluster.password) if cluster.user else None,
            ssl_context=ssl.create_default_context(cafile=cluster.ca_file) if secure else None,
            maxsize=cluster.connections,
            max_retries=0,
            timeout=cluster.deadline_s,
            http_compress=False,
        )

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        deadline_s: float | None = None,
        **parameters: str,
    ) -> Any:
        """The answer as JSON; `None` where there is no such thing. Raises `datasources.errors`."""
        sent = body if body is None or isinstance(body, bytes) else orjson.dumps(body)
        headers = _LINES if isinstance(body, bytes) else {"content-type": "application/json"}

        async def once() -> Any:
            return await self._client.transport.perform_request(
                method, path, params=dict(parameters), body=sent, headers=dict(headers)
            )

        return await self._tried(once, self._deadline_s if deadline_s is None else deadline_s)

    async def searches(self, path: str, lines: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        """Several searches in one request, each speaking for all its shards or failing.

        One that fails in passing fails the request, which is tried again whole: an index that was exchanged and dropped
        while it was being searched is by then no longer behind the name.
        """
        sent = b"\n".join(map(orjson.dumps, lines)) + b"\n"

        async def once() -> Sequence[Mapping[str, Any]]:
            told = await self._client.transport.perform_request("POST", path, body=sent, headers=dict(_LINES))
            if not isinstance(told, dict) or 2 * len(told.get("responses", ())) != len(lines):
                raise Corrupt(SOURCE, "the answer does not match the question")
            with legible():
                return [whole(answer) for answer in told["responses"]]

        found: Sequence[Mapping[str, Any]] | None = await self._tried(once, self._deadline_s)
        return no_index() if found is None else found

    async def back_off(self, tried: int) -> None:
        """Waits a while that doubles with each try, somewhere between nothing and all of it."""
        await self._pause(_FIRST_PAUSE_S * 2**tried * self._jitter())

    async def rest(self, seconds: float) -> None:
        """Waits so long, for something that takes its time."""
        await self._pause(seconds)

    async def close(self) -> None:
        """Lets go of the connections."""
        await self._client.close()

    async def _tried(self, once: Callable[[], Awaitable[Any]], deadline_s: float) -> Any:
        tried = 0
        found: SourceError | None
        try:
            async with asyncio.timeout(deadline_s):
                while True:
                    try:
                        return await once()
                    except SourceError as e:
                        found = e
                    except exceptions.OpenSearchException as e:
                        found = _translated(e)
                    if found is None:
                        return None
                    tried += 1
                    if tried == TRIES or not isinstance(found, Throttled | Unavailable):
                        # Not `from` the client's error: it quotes the request, and so what people looked for.
                        raise found
                    await self.back_off(tried)
        except TimeoutError:
            raise DeadlineExceeded(SOURCE, "the cluster did not answer in time") from None


def _translated(error: exceptions.OpenSearchException) -> SourceError | None:
    """Our name for a failure of the client; None: there is no such thing."""
    if isinstance(error, exceptions.SerializationError):
        return Corrupt(SOURCE, "the answer is no JSON")
    if isinstance(error, exceptions.SSLError) or "certificate" in str(error).lower():
        return Corrupt(SOURCE, "the cluster's certificate is not trusted")
    if isinstance(error, exceptions.ConnectionTimeout):
        return DeadlineExceeded(SOURCE, "the cluster did not answer in time")
    if isinstance(error, exceptions.ConnectionError) or not isinstance(error, exceptions.TransportError):
        return Unavailable(SOURCE, "the cluster cannot be reached, or broke off its answer")
    return of_status(int(error.status_code), str(error.error))


def of_status(status: int, kind: str) -> SourceError | None:
    """What a status of an answer, or of a part of one, means. `kind` is the engine's name of the error, never its text."""
    if status == _BUSY or "circuit_breaking" in kind or "rejected_execution" in kind:
        return Throttled(SOURCE, "the cluster has too much to do")
    if status in _PASSING:
        return Unavailable(SOURCE, f"the cluster answered {status} ({_name(kind)})")
    if status == _MISSING:
        return None
    if status in {401, 403}:
        return Unavailable(SOURCE, f"the cluster refuses us ({status}): check the user and its rights")
    return Corrupt(SOURCE, f"the cluster answered {status} ({_name(kind)})")


def _name(kind: str) -> str:
    return kind if kind.replace("_", "").isalnum() else "without a name"


@contextmanager
def legible() -> Iterator[None]:
    """Reading an answer: one that is not of the expected form is `Corrupt`."""
    try:
        yield
    except (KeyError, TypeError, ValueError, IndexError, AttributeError):
        raise Corrupt(SOURCE, "the answer is not of the expected form") from None


def no_index() -> NoReturn:
    """What stands for a missing index: it must be made, and writes never make one."""
    raise Unavailable(SOURCE, "there is no index by this name: make it with `photos-gateway reindex`")


def whole(answer: dict[str, Any]) -> Mapping[str, Any]:
    """One answer to a search, if it speaks for every shard; what is partial is a failure, never a smaller answer."""
    if "error" in answer:
        kind = str(answer["error"].get("type", "")) if isinstance(answer["error"], dict) else ""
        failure = of_status(int(answer.get("status", _FAULTY)), kind)
        if failure is None:
            no_index()
        raise failure
    if answer.get("timed_out"):
        raise DeadlineExceeded(SOURCE, "the cluster stopped searching half way")
    shards = answer["_shards"]
    if shards["failed"] or shards["successful"] < shards["total"]:
        raise Unavailable(SOURCE, f"{shards['failed']} of {shards['total']} parts of the index did not answer")
    return answer
