"""Parses GraphQL requests from HTTP, up to a maximum size; malformed requests get a specific error."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
from starlette.requests import Request

from execution.errors import RequestError

JSON_TYPE: Final = "application/json"
_HASH: Final = re.compile(r"(sha256:)?[0-9a-fA-F]{64}")
_DOCUMENT_ID: Final = re.compile(r"[A-Za-z0-9_.:/+=-]{1,200}")  # a safelist may have other ids than hashes


class HttpRequestError(RequestError):
    """The HTTP request is malformed; the response has this status with every media type."""

    def __init__(self, status: int, message: str, *, reason: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__("BAD_USER_INPUT", message, reason=reason)
        self.status = status
        self.headers = dict(headers or {})


@dataclass(frozen=True, slots=True)
class Operation:
    """One request as sent, not yet checked against the schema."""

    query: str | None
    name: str | None
    variables: Mapping[str, Any]
    document_id: str | None = None  # from `documentId` or from the hash of a persisted query


async def from_post(request: Request, max_bytes: int) -> Operation:
    """Returns the operation in a JSON body; raises HttpRequestError."""
    # Browsers send text/plain and forms across origins without a CORS preflight; this type requires one.
    kind, _, parameters = request.headers.get("content-type", "").lower().partition(";")
    if kind.strip() != JSON_TYPE or not _is_utf8(parameters):
        raise HttpRequestError(415, "The body must be application/json in UTF-8.", reason="CONTENT_TYPE")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise HttpRequestError(
            415, "The body must not be compressed. Send it without Content-Encoding.", reason="CONTENT_ENCODING"
        )
    return operation_of(_decoded(await _body(request, max_bytes)))


def from_get(request: Request) -> Operation:
    """Returns the operation in the query string; raises HttpRequestError."""
    fields: dict[str, Any] = {
        name: request.query_params[name] for name in ("query", "operationName", "documentId") if name in request.query_params
    }
    for name in ("variables", "extensions"):
        if request.query_params.get(name):
            fields[name] = _decoded(request.query_params[name].encode())
    return operation_of(fields)


def operation_of(fields: Any) -> Operation:
    """Returns the operation in a decoded body; raises HttpRequestError."""
    if isinstance(fields, list):
        raise HttpRequestError(400, "Batched operations are not supported. Send one operation per request.", reason="BATCH")
    if not isinstance(fields, dict):
        raise HttpRequestError(400, "The body must be a JSON object.", reason="BODY")
    name = fields.get("operationName")
    if name is not None and not isinstance(name, str):
        raise HttpRequestError(400, "`operationName` must be a string.", reason="OPERATION_NAME")
    for key in ("variables", "extensions"):
        if fields.get(key) is not None and not isinstance(fields[key], dict):
            raise HttpRequestError(400, f"`{key}` must be an object.", reason=key.upper())
    query, document_id = fields.get("query") or None, _document_id(fields)
    if (query is not None or document_id is None) and not isinstance(query, str):
        raise HttpRequestError(400, "`query` must be a string that contains a GraphQL document.", reason="QUERY")
    return Operation(query, name or None, fields.get("variables") or {}, document_id)


def _document_id(fields: Mapping[str, Any]) -> str | None:
    """Returns `documentId` (GraphQL over HTTP, appendix A), or the hash of Apollo's automatic persisted queries."""
    given = fields.get("documentId")
    if given is None:
        persisted = (fields.get("extensions") or {}).get("persistedQuery")
        if persisted is None:
            return None
        if not isinstance(persisted, dict) or persisted.get("version") != 1:
            raise RequestError("PERSISTED_QUERY_NOT_SUPPORTED", "PersistedQueryNotSupported")
        given = persisted.get("sha256Hash")
    if not isinstance(given, str) or not _DOCUMENT_ID.fullmatch(given):
        raise HttpRequestError(400, "A document id must be `sha256:` and 64 hexadecimal digits.", reason="DOCUMENT_ID")
    return given.removeprefix("sha256:").lower() if _HASH.fullmatch(given) else given


async def _body(request: Request, max_bytes: int) -> bytes:
    too_large = HttpRequestError(
        413, f"The body is larger than {max_bytes:,} bytes. Send less in one request.", reason="TOO_LARGE"
    )
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:18]) > max_bytes:
        raise too_large
    received = bytearray()
    async for chunk in request.stream():
        received += chunk
        if len(received) > max_bytes:
            raise too_large
    return bytes(received)


def _decoded(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        # The exception's message quotes the body, so it is not sent.
        raise HttpRequestError(400, "The body is not valid JSON in UTF-8.", reason="JSON") from error


def _is_utf8(parameters: str) -> bool:
    for parameter in parameters.split(";"):
        key, _, value = parameter.partition("=")
        if key.strip() == "charset":
            return value.strip(' "') in ("utf-8", "utf8")
    return True
