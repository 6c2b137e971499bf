"""HTTP requests to an OpenSearch cluster with deadlines, retries and translated errors."""

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
MAX_ATTEMPTS = 3
_BASE_DELAY_S = 0.05
_LINES = {"content-type": "application/x-ndjson"}
_BUSY = 429
_TRANSIENT = frozenset({502, 503, 504})
_MISSING = 404
_BAD_REQUEST = 400


@dataclass(frozen=True, slots=True)
class Cluster:
    """Address and credentials of a cluster. `ca_file`: the CA certificates to trust; None: those of the system."""

    url: str
    user: str | None = None
    password: str | None = None
    ca_file: Path | None = None
    deadline_s: float = 5.0
    connections: int = 32

    def __repr__(self) -> str:
        return f"Cluster({self.url!r})"


class Transport:
    """Requests to one cluster. All requests are idempotent, because writes carry external versions, so all may be retried."""

    def __init__(
        self,
        cluster: Cluster,
        *,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        # Failures are reported by our errors; the log of the client would contain URLs and, at debug level, bodies.
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
        """The response as JSON; None for status 404. Raises `datasources.errors`."""
        sent = body if body is None or isinstance(body, bytes) else orjson.dumps(body)
        headers = _LINES if isinstance(body, bytes) else {"content-type": "application/json"}

        async def once() -> Any:
            return await self._client.transport.perform_request(
                method, path, params=dict(parameters), body=sent, headers=dict(headers)
            )

        return await self._with_retries(once, self._deadline_s if deadline_s is None else deadline_s)

    async def multi_search(self, path: str, lines: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        """Several searches in one request; each covers all its shards or fails.

        A transient failure of one search fails the whole request, which is then retried: if an index was switched and
        deleted during the search, the retry uses the new index of the alias.
        """
        sent = b"\n".join(map(orjson.dumps, lines)) + b"\n"

        async def once() -> Sequence[Mapping[str, Any]]:
            response = await self._client.transport.perform_request("POST", path, body=sent, headers=dict(_LINES))
            if not isinstance(response, dict) or 2 * len(response.get("responses", ())) != len(lines):
                raise Corrupt(SOURCE, "the number of responses differs from the number of searches")
            with reading_response():
                return [require_all_shards(answer) for answer in response["responses"]]

        found: Sequence[Mapping[str, Any]] | None = await self._with_retries(once, self._deadline_s)
        return raise_no_index() if found is None else found

    async def back_off(self, attempts: int) -> None:
        """Sleep with exponential backoff and full jitter."""
        await self._pause(_BASE_DELAY_S * 2**attempts * self._jitter())

    async def pause(self, seconds: float) -> None:
        """Sleep, to poll for a slow operation."""
        await self._pause(seconds)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _with_retries(self, once: Callable[[], Awaitable[Any]], deadline_s: float) -> Any:
        attempts = 0
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
                    attempts += 1
                    if attempts == MAX_ATTEMPTS or not isinstance(found, Throttled | Unavailable):
                        # Not `from` the error of the client, which quotes the request and so the search text.
                        raise found
                    await self.back_off(attempts)
        except TimeoutError:
            raise DeadlineExceeded(SOURCE, "the cluster did not answer in time") from None


def _translated(error: exceptions.OpenSearchException) -> SourceError | None:
    """The error for a failure of the client; None for status 404."""
    if isinstance(error, exceptions.SerializationError):
        return Corrupt(SOURCE, "the response is not JSON")
    if isinstance(error, exceptions.SSLError) or "certificate" in str(error).lower():
        return Corrupt(SOURCE, "the cluster's certificate is not trusted")
    if isinstance(error, exceptions.ConnectionTimeout):
        return DeadlineExceeded(SOURCE, "the cluster did not answer in time")
    if isinstance(error, exceptions.ConnectionError) or not isinstance(error, exceptions.TransportError):
        return Unavailable(SOURCE, "the cluster cannot be reached, or the connection was lost")
    return error_of_status(int(error.status_code), str(error.error))


def error_of_status(status: int, kind: str) -> SourceError | None:
    """The error for a status of a response or of one of its items. `kind` is the error type, never its text."""
    if status == _BUSY or "circuit_breaking" in kind or "rejected_execution" in kind:
        return Throttled(SOURCE, "the cluster is overloaded; retry later")
    if status in _TRANSIENT:
        return Unavailable(SOURCE, f"the cluster returned status {status} ({_name(kind)})")
    if status == _MISSING:
        return None
    if status in {401, 403}:
        return Unavailable(SOURCE, f"the cluster denied access ({status}): check the user and its permissions")
    return Corrupt(SOURCE, f"the cluster returned status {status} ({_name(kind)})")


def _name(kind: str) -> str:
    return kind if kind.replace("_", "").isalnum() else "no error type"


@contextmanager
def reading_response() -> Iterator[None]:
    """Raise `Corrupt` if the response does not have the expected form."""
    try:
        yield
    except (KeyError, TypeError, ValueError, IndexError, AttributeError):
        raise Corrupt(SOURCE, "the response does not have the expected form") from None


def raise_no_index() -> NoReturn:
    """Raise the error for a missing index; writes never create one."""
    raise Unavailable(SOURCE, "the index does not exist: create it with `photos-gateway reindex`")


def require_all_shards(answer: dict[str, Any]) -> Mapping[str, Any]:
    """The response of a search if it covers every shard; a partial response is an error."""
    if "error" in answer:
        kind = str(answer["error"].get("type", "")) if isinstance(answer["error"], dict) else ""
        failure = error_of_status(int(answer.get("status", _BAD_REQUEST)), kind)
        if failure is None:
            raise_no_index()
        raise failure
    if answer.get("timed_out"):
        raise DeadlineExceeded(SOURCE, "the cluster stopped the search at its timeout")
    shards = answer["_shards"]
    if shards["failed"] or shards["successful"] < shards["total"]:
        raise Unavailable(SOURCE, f"{shards['failed']} of {shards['total']} shards of the index did not respond")
    return answer
