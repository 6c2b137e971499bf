"""Calls to AWS with a deadline, retries and translated errors."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, Self

import aiohttp
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
    SSLError,
)

from datasources.aws.access import AwsAccess
from datasources.errors import Corrupt, DeadlineExceeded, SourceError, Throttled, Unavailable
from datasources.retry import RetryPolicy

_THROTTLES = frozenset({
    "LimitExceededException", "ProvisionedThroughputExceeded", "ProvisionedThroughputExceededException", "RequestLimitExceeded",
    "RequestThrottled", "SlowDown", "Throttling", "ThrottlingException", "ThrottlingError", "TooManyRequestsException",
})  # fmt: skip
_SERVER_FAULT = 500
_BUSY = 429
_NOTHING = (b"null",)
"""The body of an empty response of the local KMS server."""
_JSON_SERVICES = frozenset({"dynamodb", "dynamodbstreams", "kms"})


class ExpectedError(Exception):
    """The service returned an error code that the caller expects."""

    def __init__(self, code: str, answer: Mapping[str, Any], *, uncertain: bool) -> None:
        super().__init__(code)
        self.code = code
        self.response = answer
        self.uncertain = uncertain
        """Whether an earlier attempt may have succeeded although its response was lost."""


class MalformedResponse(Exception):
    """The body of a response is incomplete or damaged."""


@dataclass
class AwsCalls:
    """An open client of one service; operations are called by name."""

    source: str
    client: Any
    retry_policy: RetryPolicy = field(default_factory=RetryPolicy)
    _exit_stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    @classmethod
    async def open(cls, source: str, service: str, access: AwsAccess, retry_policy: RetryPolicy | None = None) -> Self:
        """A client of a service; sends no request yet."""
        exit_stack = AsyncExitStack()
        client = await exit_stack.enter_async_context(access.client(service))
        if service in _JSON_SERVICES:
            client.meta.events.register(f"before-parse.{client.meta.service_model.service_id.hyphenize()}", _check_body)
        return cls(source, client, retry_policy or RetryPolicy(), exit_stack)

    async def call(self, operation: str, params: Mapping[str, Any], *, expected: frozenset[str] = frozenset()) -> Any:
        """The response; raises `ExpectedError` for an expected code, else an error of `datasources.errors`."""
        uncertain, attempt = False, 0
        async with self.retry_policy.with_deadline(self.source):
            while True:
                try:
                    answer = await getattr(self.client, operation)(**params)
                except ClientError as e:
                    if _code(e) in expected:
                        raise ExpectedError(_code(e), e.response, uncertain=uncertain) from e
                    failure, retry = self._service_error(e)
                    cause: Exception = e
                    uncertain = uncertain or _status(e) >= _SERVER_FAULT
                except (BotoCoreError, aiohttp.ClientError, TimeoutError, OSError, MalformedResponse) as e:
                    failure, retry = self._connection_error(e)
                    cause, uncertain = e, True
                else:
                    self.retry_policy.budget.refill()
                    return answer
                if not (retry and await self.retry_policy.should_retry(attempt)):
                    raise failure from cause
                attempt += 1

    def unexpected_code(self, error: ExpectedError) -> Unavailable:
        """The error for an expected code that the caller cannot handle after all."""
        return Unavailable(self.source, f"refuses our calls ({error.code})")

    def _service_error(self, error: ClientError) -> tuple[SourceError, bool]:
        code, status = _code(error), _status(error)
        if code in _THROTTLES or status == _BUSY:
            return Throttled(self.source, f"the service throttles calls ({code})"), True
        if status >= _SERVER_FAULT:
            return Unavailable(self.source, f"the service failed ({code})"), True
        return Unavailable(self.source, f"the service rejected the call ({code})"), False

    def _connection_error(self, error: Exception) -> tuple[SourceError, bool]:
        if isinstance(error, SSLError | aiohttp.ClientSSLError):
            return Unavailable(self.source, "the certificate of the service is not trusted"), False
        if isinstance(error, NoCredentialsError | ParamValidationError):
            return Unavailable(
                self.source, f"the call is not possible ({type(error).__name__}): check credentials and parameters"
            ), False
        if isinstance(error, ReadTimeoutError | ConnectTimeoutError | TimeoutError):
            return DeadlineExceeded(self.source, "no response in time"), True
        if isinstance(error, MalformedResponse):
            return Corrupt(self.source, str(error)), True
        return Unavailable(self.source, f"the connection failed ({type(error).__name__})"), True

    async def close(self) -> None:
        """Close the connections; may be called repeatedly."""
        await self._exit_stack.aclose()


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _check_body(response_dict: Mapping[str, Any], **_: Any) -> None:
    """Reject damaged bodies: botocore treats a body that is not JSON as an empty response, which means "not found"."""
    body: bytes = response_dict["body"]
    checksum = response_dict["headers"].get("x-amz-crc32")
    if checksum is not None and checksum.isdecimal() and zlib.crc32(body) != int(checksum):
        raise MalformedResponse("the checksum of a response does not match")
    complete = (body.startswith(b"{") and body.rstrip().endswith(b"}")) or body in _NOTHING
    if response_dict["status_code"] < 300 and not complete:  # noqa: PLR2004 - HTTP
        raise MalformedResponse("a response is not JSON")
