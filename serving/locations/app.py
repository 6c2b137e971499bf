"""The HTTP API of the location service: places of points, places by id, names, and search.

Callers need a bearer token with the scope `locations:resolve`. Logs, metrics and, except for places by id, URLs contain no
values of requests.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Final, TypeVar

import msgspec
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from access.viewer import Viewer, ViewerKind
from datasources.errors import SourceError
from datasources.locations import wire
from datasources.locations.port import LocationService, Point
from identity.verifier import KeysUnavailable, Unauthenticated, bearer_token
from serving.locations.metrics import Metrics
from serving.logs import RequestLog
from serving.routes import health_routes

MAX_BYTES: Final = 1_048_576
MAX_ARROW_BYTES: Final = 33_554_432
MAX_CONCURRENT: Final = 64
DEADLINE_S: Final = 10.0
_MAX_AGE_S: Final = 3_600
T = TypeVar("T", bound=msgspec.Struct)
Identify = Callable[[str], Awaitable[Viewer]]
"""Returns the viewer of a token; raises `Unauthenticated`."""


class Refusal(Exception):
    """An error response with a code and a reason."""

    def __init__(self, status: int, code: str, reason: str) -> None:
        super().__init__(code)
        self.status, self.code, self.reason = status, code, reason


@dataclass(frozen=True, slots=True)
class LocationsApi:
    """The dependencies of the routes."""

    service: LocationService
    identify: Identify
    metrics: Metrics
    slots: asyncio.Semaphore


def create_app(
    service: LocationService,
    identify: Identify,
    lifespan: Callable[[Starlette], AbstractAsyncContextManager[None]] | None = None,
) -> Starlette:
    """The application for a service, which the caller opens and closes."""
    api = LocationsApi(service, identify, Metrics(), asyncio.Semaphore(MAX_CONCURRENT))
    posts = {wire.RESOLVE: _resolve, wire.PLACES: _places, wire.NAMES: _names, wire.SEARCH: _search}

    async def ready() -> str | None:
        try:
            return None if await service.by_ids(["IT"]) else "empty"
        except SourceError as e:
            return e.source

    routes = [
        *(Route(path, _handler(api, path, endpoint), methods=["POST"]) for path, endpoint in posts.items()),
        Route(wire.ABOUT, _handler(api, wire.ABOUT, _about), methods=["GET"]),
        Route(f"{wire.PLACES}/{{id}}", _handler(api, wire.PLACES, _place), methods=["GET"]),
        Route("/metrics", api.metrics.answer, methods=["GET"]),
        *health_routes(ready),
    ]
    return Starlette(routes=routes, middleware=[Middleware(RequestLog)], lifespan=lifespan)


Endpoint = Callable[[LocationsApi, Request], Awaitable[Response]]


def _handler(api: LocationsApi, route: str, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    """Adds authentication, the limit of concurrent requests, the deadline, error responses and metrics to an endpoint."""

    async def handle(request: Request) -> Response:
        with api.metrics.timed(route) as count:
            response = await _respond(api, request, endpoint)
            count(response.status_code)
        response.headers[wire.VERSION] = api.service.data_version
        return response

    return handle


async def _respond(api: LocationsApi, request: Request, endpoint: Endpoint) -> Response:
    try:
        await _check(api, request)
        async with api.slots, asyncio.timeout(DEADLINE_S):
            return await endpoint(api, request)
    except Refusal as e:
        return _error_response(e)
    except TimeoutError:
        return _error_response(Refusal(504, "DEADLINE_EXCEEDED", "DEADLINE"))
    except SourceError as e:
        return _error_response(Refusal(503, "UNAVAILABLE", type(e).__name__))


async def _check(api: LocationsApi, request: Request) -> None:
    try:
        viewer = await api.identify(bearer_token(request.headers.get("authorization")))
    except KeysUnavailable as e:
        raise Refusal(503, "UNAVAILABLE", e.reason) from e
    except Unauthenticated as e:
        raise Refusal(401, "UNAUTHENTICATED", e.reason) from e
    request.scope.setdefault("state", {})["viewer"] = viewer.kind.value
    if viewer.kind is not ViewerKind.SERVICE or wire.SCOPE not in viewer.scopes:
        raise Refusal(403, "FORBIDDEN", f"SCOPE {wire.SCOPE}")
    if api.slots.locked():
        raise Refusal(503, "RATE_LIMITED", "BUSY")


def _error_response(e: Refusal) -> Response:
    headers = {"retry-after": "1"} if e.status in {429, 503} else {}
    if e.status == 401:  # noqa: PLR2004
        headers["www-authenticate"] = "Bearer"
    body = msgspec.json.encode({"error": e.code, "reason": e.reason})
    return Response(body, e.status, headers, media_type=wire.JSON)


async def _resolve(api: LocationsApi, request: Request) -> Response:
    arrow = _media(request) == wire.ARROW
    data = await _body(request, MAX_ARROW_BYTES if arrow else MAX_BYTES)
    if arrow:
        try:
            points = await asyncio.to_thread(wire.points_from_arrow, data)
        except ValueError as e:
            raise Refusal(400, "BAD_USER_INPUT", str(e)) from e
    else:
        points = [Point(*pair) for pair in _read(data, wire.ResolveRequest).points]
    if len(points) > (wire.MAX_ARROW_POINTS if arrow else wire.MAX_POINTS):
        raise Refusal(400, "BAD_USER_INPUT", "LIST_SIZE")
    found = await api.service.locate(points)
    api.metrics.resolved(len(points))
    if arrow:
        return Response(await asyncio.to_thread(wire.located_to_arrow, found), media_type=wire.ARROW)
    return _json(
        wire.ResolveResponse([None if f is None else wire.Placed(f.id, f.precision, round(f.distance_km, 3)) for f in found])
    )


async def _places(api: LocationsApi, request: Request) -> Response:
    query = await _decoded(request, wire.PlacesRequest)
    return _json(wire.PlacesResponse(list((await api.service.by_ids(_ids(query.ids))).values())))


async def _names(api: LocationsApi, request: Request) -> Response:
    query = await _decoded(request, wire.NamesRequest)
    fetch = api.service.addresses if query.address else api.service.names
    found = await fetch(_ids(query.ids), query.languages[: wire.MAX_LANGUAGES])
    return _json(wire.NamesResponse({i: wire.Name(n.text, n.language) for i, n in found.items()}))


async def _search(api: LocationsApi, request: Request) -> Response:
    query = await _decoded(request, wire.SearchRequest)
    if len(query.query) > wire.MAX_QUERY_LENGTH or not 0 < query.limit <= wire.MAX_MATCHES:
        raise Refusal(400, "BAD_USER_INPUT", "QUERY_SIZE")
    found = await api.service.search(
        query.query,
        query.languages[: wire.MAX_LANGUAGES],
        kinds=query.kinds,
        prefix=query.prefix,
        near=None if query.near is None else Point(*query.near),
        limit=query.limit,
    )
    return _json(wire.SearchResponse([wire.Match(m.id, m.matched_name, m.score) for m in found]))


async def _about(api: LocationsApi, request: Request) -> Response:
    service = api.service
    about = wire.About(service.data_version, service.attribution, [dict(part) for part in service.sources])
    return _cacheable(api, request, _json(about))


async def _place(api: LocationsApi, request: Request) -> Response:
    """A place with its names by URL, so that it can be cached; places are public."""
    place_id, tags = request.path_params["id"], request.query_params.get("languages", "").split(",")
    languages = tuple(tag.strip() for tag in tags if tag.strip())[: wire.MAX_LANGUAGES]
    record = (await api.service.by_ids([place_id])).get(place_id)
    if record is None:
        raise Refusal(404, "NOT_FOUND", "PLACE")
    name = (await api.service.names([place_id], languages))[place_id]
    address = (await api.service.addresses([place_id], languages))[place_id]
    body = {"place": record, "name": wire.Name(*name), "address": wire.Name(*address)}
    return _cacheable(api, request, Response(msgspec.json.encode(body), media_type=wire.JSON))


def _cacheable(api: LocationsApi, request: Request, response: Response) -> Response:
    """The response with its entity tag; 304 if the client has it."""
    digest = hashlib.sha256(api.service.data_version.encode() + b"\0" + bytes(response.body)).hexdigest()[:32]
    headers = {"etag": f'"{digest}"', "cache-control": f"private, max-age={_MAX_AGE_S}"}
    tags = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
    if tags & {headers["etag"], "*"}:
        return Response(None, 304, headers)
    response.headers.update(headers)
    return response


async def _decoded(request: Request, shape: type[T]) -> T:
    return _read(await _body(request, MAX_BYTES), shape)


async def _body(request: Request, max_bytes: int) -> bytes:
    if _media(request) not in {wire.JSON, wire.ARROW}:
        raise Refusal(415, "BAD_USER_INPUT", f"MEDIA_TYPE: send {wire.JSON} or, for points, {wire.ARROW}")
    data = bytearray()
    stream: AsyncIterator[bytes] = request.stream()
    async for chunk in stream:
        data += chunk
        if len(data) > max_bytes:
            raise Refusal(413, "BAD_USER_INPUT", "BODY_SIZE")
    return bytes(data)


def _media(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _read(data: bytes, shape: type[T]) -> T:
    try:
        return msgspec.json.decode(data, type=shape)
    except (msgspec.MsgspecError, ValueError, RecursionError) as e:
        # The errors of msgspec name the path and the type, and never the value.
        raise Refusal(400, "BAD_USER_INPUT", str(e) if isinstance(e, msgspec.ValidationError) else "JSON") from e


def _ids(ids: list[str]) -> list[str]:
    if len(ids) > wire.MAX_IDS:
        raise Refusal(400, "BAD_USER_INPUT", "LIST_SIZE")
    return ids


def _json(content: msgspec.Struct) -> Response:
    return Response(msgspec.json.encode(content), media_type=wire.JSON)
