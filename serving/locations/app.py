"""The location service by itself: places of points, places by id, names, and search, over HTTP.

Bearer tokens with the scope `locations:resolve`. Nothing that was asked stands in an address, a log or a metric.
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
from identity.verifier import KeysUnavailable, Unauthenticated, bearer
from serving.locations.metrics import Metrics
from serving.logs import RequestLog
from serving.routes import health_routes

MOST_BYTES: Final = 1_048_576
MOST_ARROW_BYTES: Final = 33_554_432
AT_ONCE: Final = 64
DEADLINE_S: Final = 10.0
_PUBLIC_S: Final = 3_600
T = TypeVar("T", bound=msgspec.Struct)
Identify = Callable[[str], Awaitable[Viewer]]
"""From a token to who it is; raises `Unauthenticated`."""


class Refusal(Exception):
    """An answer that says no, by a code of the closed list."""

    def __init__(self, status: int, code: str, reason: str) -> None:
        super().__init__(code)
        self.status, self.code, self.reason = status, code, reason


@dataclass(frozen=True, slots=True)
class LocationsApi:
    """What every route needs."""

    service: LocationService
    identify: Identify
    metrics: Metrics
    places: asyncio.Semaphore


def create_app(
    service: LocationService,
    identify: Identify,
    lifespan: Callable[[Starlette], AbstractAsyncContextManager[None]] | None = None,
) -> Starlette:
    """The application over a service that somebody else opens and closes."""
    desk = LocationsApi(service, identify, Metrics(), asyncio.Semaphore(AT_ONCE))
    posts = {wire.RESOLVE: _resolve, wire.PLACES: _places, wire.NAMES: _names, wire.SEARCH: _search}

    async def ready() -> str | None:
        try:
            return None if await service.by_ids(["IT"]) else "empty"
        except SourceError as e:
            return e.source

    routes = [
        *(Route(path, _door(desk, path, answer), methods=["POST"]) for path, answer in posts.items()),
        Route(wire.ABOUT, _door(desk, wire.ABOUT, _about), methods=["GET"]),
        Route(f"{wire.PLACES}/{{id}}", _door(desk, wire.PLACES, _place), methods=["GET"]),
        Route("/metrics", desk.metrics.answer, methods=["GET"]),
        *health_routes(ready),
    ]
    return Starlette(routes=routes, middleware=[Middleware(RequestLog)], lifespan=lifespan)


Answer = Callable[[LocationsApi, Request], Awaitable[Response]]


def _door(desk: LocationsApi, route: str, answer: Answer) -> Callable[[Request], Awaitable[Response]]:
    """Who asks, how many at once, for how long; refusals and failures by code."""

    async def through(request: Request) -> Response:
        with desk.metrics.timed(route) as told:
            response = await _answered(desk, request, answer)
            told(response.status_code)
        response.headers[wire.VERSION] = desk.service.data_version
        return response

    return through


async def _answered(desk: LocationsApi, request: Request, answer: Answer) -> Response:
    try:
        await _check(desk, request)
        async with desk.places, asyncio.timeout(DEADLINE_S):
            return await answer(desk, request)
    except Refusal as e:
        return _refused(e)
    except TimeoutError:
        return _refused(Refusal(504, "DEADLINE_EXCEEDED", "DEADLINE"))
    except SourceError as e:
        return _refused(Refusal(503, "UNAVAILABLE", type(e).__name__))


async def _check(desk: LocationsApi, request: Request) -> None:
    try:
        viewer = await desk.identify(bearer(request.headers.get("authorization")))
    except KeysUnavailable as e:
        raise Refusal(503, "UNAVAILABLE", e.reason) from e
    except Unauthenticated as e:
        raise Refusal(401, "UNAUTHENTICATED", e.reason) from e
    request.scope.setdefault("state", {})["viewer"] = viewer.kind.value
    if viewer.kind is not ViewerKind.SERVICE or wire.SCOPE not in viewer.scopes:
        raise Refusal(403, "FORBIDDEN", f"SCOPE {wire.SCOPE}")
    if desk.places.locked():
        raise Refusal(503, "RATE_LIMITED", "BUSY")


def _refused(e: Refusal) -> Response:
    headers = {"retry-after": "1"} if e.status in {429, 503} else {}
    if e.status == 401:  # noqa: PLR2004 - HTTP's number
        headers["www-authenticate"] = "Bearer"
    body = msgspec.json.encode({"error": e.code, "reason": e.reason})
    return Response(body, e.status, headers, media_type=wire.JSON)


async def _resolve(desk: LocationsApi, request: Request) -> Response:
    arrow = _media(request) == wire.ARROW
    data = await _body(request, MOST_ARROW_BYTES if arrow else MOST_BYTES)
    if arrow:
        try:
            points = await asyncio.to_thread(wire.points_from_arrow, data)
        except ValueError as e:
            raise Refusal(400, "BAD_USER_INPUT", str(e)) from e
    else:
        points = [Point(*pair) for pair in _read(data, wire.ResolveAsked).points]
    if len(points) > (wire.MOST_ARROW_POINTS if arrow else wire.MOST_POINTS):
        raise Refusal(400, "BAD_USER_INPUT", "LIST_SIZE")
    found = await desk.service.locate(points)
    desk.metrics.resolved(len(points))
    if arrow:
        return Response(await asyncio.to_thread(wire.located_to_arrow, found), media_type=wire.ARROW)
    return _json(
        wire.ResolveAnswer([None if f is None else wire.Placed(f.id, f.precision, round(f.distance_km, 3)) for f in found])
    )


async def _places(desk: LocationsApi, request: Request) -> Response:
    asked = await _asked(request, wire.IdsAsked)
    return _json(wire.PlacesAnswer(list((await desk.service.by_ids(_ids(asked.ids))).values())))


async def _names(desk: LocationsApi, request: Request) -> Response:
    asked = await _asked(request, wire.NamesAsked)
    fetch = desk.service.addresses if asked.address else desk.service.names
    found = await fetch(_ids(asked.ids), asked.languages[: wire.MOST_LANGUAGES])
    return _json(wire.NamesAnswer({i: wire.Name(n.text, n.language) for i, n in found.items()}))


async def _search(desk: LocationsApi, request: Request) -> Response:
    asked = await _asked(request, wire.SearchAsked)
    if len(asked.query) > wire.LONGEST_QUERY or not 0 < asked.limit <= wire.MOST_MATCHES:
        raise Refusal(400, "BAD_USER_INPUT", "QUERY_SIZE")
    found = await desk.service.search(
        asked.query,
        asked.languages[: wire.MOST_LANGUAGES],
        kinds=asked.kinds,
        prefix=asked.prefix,
        near=None if asked.near is None else Point(*asked.near),
        limit=asked.limit,
    )
    return _json(wire.SearchAnswer([wire.Match(m.id, m.matched_name, m.score) for m in found]))


async def _about(desk: LocationsApi, request: Request) -> Response:
    service = desk.service
    about = wire.About(service.data_version, service.attribution, [dict(part) for part in service.sources])
    return _cacheable(desk, request, _json(about))


async def _place(desk: LocationsApi, request: Request) -> Response:
    """One place with its names, for whoever caches by address: places are public."""
    (place_id,), languages = [request.path_params["id"]], request.query_params.get("languages", "")
    spoken = tuple(tag.strip() for tag in languages.split(",") if tag.strip())[: wire.MOST_LANGUAGES]
    record = (await desk.service.by_ids([place_id])).get(place_id)
    if record is None:
        raise Refusal(404, "NOT_FOUND", "PLACE")
    name = (await desk.service.names([place_id], spoken))[place_id]
    address = (await desk.service.addresses([place_id], spoken))[place_id]
    body = {"place": record, "name": wire.Name(*name), "address": wire.Name(*address)}
    return _cacheable(desk, request, Response(msgspec.json.encode(body), media_type=wire.JSON))


def _cacheable(desk: LocationsApi, request: Request, response: Response) -> Response:
    """With its ETag: 304 where the caller has it already."""
    digest = hashlib.sha256(desk.service.data_version.encode() + b"\0" + bytes(response.body)).hexdigest()[:32]
    headers = {"etag": f'"{digest}"', "cache-control": f"private, max-age={_PUBLIC_S}"}
    known = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
    if known & {headers["etag"], "*"}:
        return Response(None, 304, headers)
    response.headers.update(headers)
    return response


async def _asked(request: Request, shape: type[T]) -> T:
    return _read(await _body(request, MOST_BYTES), shape)


async def _body(request: Request, most: int) -> bytes:
    if _media(request) not in {wire.JSON, wire.ARROW}:
        raise Refusal(415, "BAD_USER_INPUT", f"MEDIA_TYPE: send {wire.JSON} or, for points, {wire.ARROW}")
    data = bytearray()
    stream: AsyncIterator[bytes] = request.stream()
    async for chunk in stream:
        data += chunk
        if len(data) > most:
            raise Refusal(413, "BAD_USER_INPUT", "BODY_SIZE")
    return bytes(data)


def _media(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _read(data: bytes, shape: type[T]) -> T:
    try:
        return msgspec.json.decode(data, type=shape)
    except (msgspec.MsgspecError, ValueError, RecursionError) as e:
        # msgspec says where and which type, never the value.
        raise Refusal(400, "BAD_USER_INPUT", str(e) if isinstance(e, msgspec.ValidationError) else "JSON") from e


def _ids(ids: list[str]) -> list[str]:
    if len(ids) > wire.MOST_IDS:
        raise Refusal(400, "BAD_USER_INPUT", "LIST_SIZE")
    return ids


def _json(answer: msgspec.Struct) -> Response:
    return Response(msgspec.json.encode(answer), media_type=wire.JSON)
