"""Reads one GraphQL request off HTTP, within a cap on bytes, and refuses every other shape with a clear sentence."""

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
_DOCUMENT_ID: Final = re.compile(r"[A-Za-z0-9_.:/+=-]{1,200}")  # a safelist may know documents by ids of its own


class WireError(RequestError):
    """The HTTP request itself is bad, so its status tells, whatever media type was asked for."""

    def __init__(self, status: int, message: str, *, reason: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__("BAD_USER_INPUT", message, reason=reason)
        self.status = status
        self.headers = dict(headers or {})


@dataclass(frozen=True, slots=True)
class Operation:
    """One request as it came: nothing in it is checked against a schema."""

    query: str | None
    name: str | None
    variables: Mapping[str, Any]
    document_id: str | None = None  # a document's name where it is not sent itself; of an Apollo hash, or `documentId`


async def from_post(request: Request, most_bytes: int) -> Operation:
    """The operation in a JSON body; raises WireError."""
    # Browsers send text/plain and forms across origins without asking; only this type makes them ask first.
    kind, _, parameters = request.headers.get("content-type", "").lower().partition(";")
    if kind.strip() != JSON_TYPE or not _is_utf8(parameters):
        raise WireError(415, "The body must be application/json in UTF-8.", reason="CONTENT_TYPE")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise WireError(415, "The body must not be compressed.", reason="CONTENT_ENCODING")
    return operation_of(_decoded(await _body(request, most_bytes)))


def from_get(request: Request) -> Operation:
    """The operation in the query string; raises WireError."""
    fields: dict[str, Any] = {
        name: request.query_params[name] for name in ("query", "operationName", "documentId") if name in request.query_params
    }
    for name in ("variables", "extensions"):
        if request.query_params.get(name):
            fields[name] = _decoded(request.query_params[name].encode())
    return operation_of(fields)


def operation_of(fields: Any) -> Operation:
    """The operation in a decoded body; raises WireError."""
    if isinstance(fields, list):
        raise WireError(400, "Batches of operations are not accepted.", reason="BATCH")
    if not isinstance(fields, dict):
        raise WireError(400, "The body must be a JSON object.", reason="BODY")
    name = fields.get("operationName")
    if name is not None and not isinstance(name, str):
        raise WireError(400, "`operationName` must be a text.", reason="OPERATION_NAME")
    for key in ("variables", "extensions"):
        if fields.get(key) is not None and not isinstance(fields[key], dict):
            raise WireError(400, f"`{key}` must be an object.", reason=key.upper())
    query, document_id = fields.get("query") or None, _document_id(fields)
    if (query is not None or document_id is None) and not isinstance(query, str):
        raise WireError(400, "`query` must be a text that holds a GraphQL document.", reason="QUERY")
    return Operation(query, name or None, fields.get("variables") or {}, document_id)


def _document_id(fields: Mapping[str, Any]) -> str | None:
    """`documentId` (GraphQL over HTTP, appendix A), or the hash of Apollo's automatically persisted queries."""
    given = fields.get("documentId")
    if given is None:
        persisted = (fields.get("extensions") or {}).get("persistedQuery")
        if persisted is None:
            return None
        if not isinstance(persisted, dict) or persisted.get("version") != 1:
            raise RequestError("PERSISTED_QUERY_NOT_SUPPORTED", "PersistedQueryNotSupported")
        given = persisted.get("sha256Hash")
    if not isinstance(given, str) or not _DOCUMENT_ID.fullmatch(given):
        raise WireError(400, "The id of a document is `sha256:` and 64 hexadecimal digits.", reason="DOCUMENT_ID")
    return given.removeprefix("sha256:").lower() if _HASH.fullmatch(given) else given


async def _body(request: Request, most_bytes: int) -> bytes:
    too_large = WireError(413, f"The body is larger than {most_bytes} bytes.", reason="TOO_LARGE")
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:18]) > most_bytes:
        raise too_large
    received = bytearray()
    async for chunk in request.stream():
        received += chunk
        if len(received) > most_bytes:
            raise too_large
    return bytes(received)


def _decoded(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        # Not its text: that quotes the body.
        raise WireError(400, "The body is not JSON in UTF-8.", reason="JSON") from error


def _is_utf8(parameters: str) -> bool:
    for parameter in parameters.split(";"):
        key, _, value = parameter.partition("=")
        if key.strip() == "charset":
            return value.strip(' "') in ("utf-8", "utf8")
    return True
