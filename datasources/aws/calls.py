"""One way to call AWS: a deadline, few retries, and every failure as an error of ours."""

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
"""So the stand-in for KMS says that there is nothing to say."""
_JSON_SERVICES = frozenset({"dynamodb", "dynamodbstreams", "kms"})


class ExpectedError(Exception):
    """The service answered with a code that the caller expects."""

    def __init__(self, code: str, answer: Mapping[str, Any], *, uncertain: bool) -> None:
        super().__init__(code)
        self.code = code
        self.answer = answer
        self.uncertain = uncertain
        """Whether an attempt before this one may have been carried out though its answer was lost."""


class MalformedResponse(Exception):
    """A body that is not what its headers promise."""


@dataclass
class AwsCalls:
    """An open client of one service, called by the name of the operation."""

    source: str
    client: Any
    patience: RetryPolicy = field(default_factory=RetryPolicy)
    _held: AsyncExitStack = field(default_factory=AsyncExitStack)

    @classmethod
    async def open(cls, source: str, service: str, access: AwsAccess, patience: RetryPolicy | None = None) -> Self:
        """A client of a service; nothing is asked yet."""
        held = AsyncExitStack()
        client = await held.enter_async_context(access.client(service))
        if service in _JSON_SERVICES:
            client.meta.events.register(f"before-parse.{client.meta.service_model.service_id.hyphenize()}", _check_body)
        return cls(source, client, patience or RetryPolicy(), held)

    async def ask(self, operation: str, params: Mapping[str, Any], *, expected: frozenset[str] = frozenset()) -> Any:
        """The answer; raises `Answered` for an expected code, else an error of `datasources.errors`."""
        uncertain, attempt = False, 0
        async with self.patience.with_deadline(self.source):
            while True:
                try:
                    answer = await getattr(self.client, operation)(**params)
                except ClientError as e:
                    if _code(e) in expected:
                        raise ExpectedError(_code(e), e.response, uncertain=uncertain) from e
                    failure, again = self._refused(e)
                    cause: Exception = e
                    uncertain = uncertain or _status(e) >= _SERVER_FAULT
                except (BotoCoreError, aiohttp.ClientError, TimeoutError, OSError, MalformedResponse) as e:
                    failure, again = self._lost(e)
                    cause, uncertain = e, True
                else:
                    self.patience.budget.earn()
                    return answer
                if not (again and await self.patience.should_retry(attempt)):
                    raise failure from cause
                attempt += 1

    def refusal(self, answered: ExpectedError) -> Unavailable:
        """The error for an expected code that means nothing special after all."""
        return Unavailable(self.source, f"refuses our calls ({answered.code})")

    def _refused(self, error: ClientError) -> tuple[SourceError, bool]:
        code, status = _code(error), _status(error)
        if code in _THROTTLES or status == _BUSY:
            return Throttled(self.source, f"asks us to slow down ({code})"), True
        if status >= _SERVER_FAULT:
            return Unavailable(self.source, f"failed ({code})"), True
        return Unavailable(self.source, f"refuses our calls ({code})"), False

    def _lost(self, error: Exception) -> tuple[SourceError, bool]:
        if isinstance(error, SSLError | aiohttp.ClientSSLError):
            return Unavailable(self.source, "its certificate is not trusted"), False
        if isinstance(error, NoCredentialsError | ParamValidationError):
            return Unavailable(self.source, f"cannot be called ({type(error).__name__})"), False
        if isinstance(error, ReadTimeoutError | ConnectTimeoutError | TimeoutError):
            return DeadlineExceeded(self.source, "no answer in time"), True
        if isinstance(error, MalformedResponse):
            return Corrupt(self.source, str(error)), True
        return Unavailable(self.source, f"the connection failed ({type(error).__name__})"), True

    async def close(self) -> None:
        """Lets go of its connections; again: nothing."""
        await self._held.aclose()


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _check_body(response_dict: Mapping[str, Any], **_: Any) -> None:
    """Botocore takes a body that is no JSON for an empty answer, and an empty answer means "it is not there"."""
    body: bytes = response_dict["body"]
    told = response_dict["headers"].get("x-amz-crc32")
    if told is not None and told.isdecimal() and zlib.crc32(body) != int(told):
        raise MalformedResponse("an answer whose checksum is another")
    whole = (body.startswith(b"{") and body.rstrip().endswith(b"}")) or body in _NOTHING
    if response_dict["status_code"] < 300 and not whole:  # noqa: PLR2004 - HTTP
        raise MalformedResponse("an answer that is no JSON")
