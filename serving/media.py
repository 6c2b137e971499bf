"""`/media`: pictures by signed address. The address says as whom; what that viewer may see now is asked again each time.

A page cannot send a token with an `<img>`, so the address is the credential, for a quarter to half an hour. It is good for one
photo, one file and one viewer, and refused when it is sent together with another viewer's token, or embedded by a site that
is not on the list. Every refusal is the same answer.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from access.classes import DataClass
from access.signing import BadAddress, Signed
from access.viewer import Viewer
from datasources import Sources
from datasources.errors import SourceError
from datasources.media.referenced_files import FileChanged
from datasources.photo_key import PhotoKey
from datasources.tables.photos import SeenPhoto
from datasources.tables.pictures import PictureRecord
from identity.verifier import Unauthenticated, Verifier, bearer
from pictures.size_ladder import Size
from resolvers.pictures import DRAWN, MEDIA, ORIGINAL, RENDITION, TYPES, may_have_original
from resolvers.placeholders import subject_of
from resolvers.viewer_scope import scope_of
from serving.blank_image import blank
from serving.byte_ranges import Part, Unsatisfiable, part_of
from serving.origin_policy import EmbedOrigins
from serving.renditions import Busy, Rendition, RenditionFailed, RenditionRequest, RenditionService

_SAFE: Final = frozenset(
    {"image/jpeg", "image/png", "image/webp", "image/avif", "image/gif", "image/heic", "image/heif", "image/tiff",
     "video/mp4", "video/quicktime", "video/webm"}
)  # fmt: skip
"""Types that a browser shows without running anything; all others are only downloaded."""
_FIXED: Final = {
    "content-security-policy": "default-src 'none'; sandbox",
    # Pages of other origins may show what they have an address of; `neighbours` refuses strangers by what browsers tell.
    "cross-origin-resource-policy": "cross-origin",
    "x-robots-tag": "noindex",
}


class _Refused(Exception):
    """Not for this caller, or not any more."""


class _File(NamedTuple):
    """What is served: its tag, type, and size, and a reader of any part of it."""

    etag: str
    content_type: str
    size: int
    read: Callable[[int, int], AsyncIterator[bytes]]


@dataclass(frozen=True, slots=True)
class Media:
    """The route's room."""

    sources: Sources
    verifier: Verifier
    darkroom: RenditionService
    neighbours: EmbedOrigins

    def route(self) -> Route:
        """GET and HEAD."""
        return Route(f"{MEDIA}/{{address}}", self.answer, methods=["GET", "HEAD"])

    async def answer(self, request: Request) -> Response:
        """One file, or one of few refusals that tell nothing."""
        try:
            signed = self._signed(request)
            photo, picture = await self._photo(signed)
            if signed.what[0] == RENDITION:
                return await self._rendition(request, signed, photo)
            return await self._original(request, signed, photo, picture)
        except (BadAddress, _Refused):
            return _plain(403)
        except Busy:
            return _plain(503, {"retry-after": "2"})
        except SourceError:
            return _plain(503, {"retry-after": "5"})

    def _signed(self, request: Request) -> Signed:
        signed = self.sources.signer.read(MEDIA, request.path_params["address"], now_s=self.sources.now_ms() / 1_000)
        request.scope.setdefault("state", {})["viewer"] = signed.viewer.kind.value
        if not self.neighbours.may_embed(request.headers) or not self._same_viewer(request, signed.viewer):
            raise _Refused
        return signed

    def _same_viewer(self, request: Request, viewer: Viewer) -> bool:
        """Whoever sends a token too must be who the address was made for."""
        header = request.headers.get("authorization")
        if header is None:
            return True
        try:
            return self.verifier.viewer(bearer(header)).key == viewer.key
        except Unauthenticated:
            return False

    async def _photo(self, signed: Signed) -> tuple[SeenPhoto, PictureRecord | None]:
        """The photo as this viewer may see it now: grants, albums, trash and erasure are read from the tables."""
        key = PhotoKey(*signed.what[1:3])
        scope = await scope_of(self.sources, signed.viewer)
        photo = (await self.sources.photos.by_ids(scope, [key])).get(key)
        if photo is None or not photo.sight.may(DataClass.PICTURE):
            raise _Refused
        if signed.what[0] == ORIGINAL and not may_have_original(photo):
            raise _Refused
        record = None
        if signed.what[3] != DRAWN:
            seen = (await self.sources.pictures.of_photos(scope, [photo])).get(key)
            record = seen.record if seen else None
            if record is None or signed.what[3] != (record.original if signed.what[0] == ORIGINAL else record.source):
                raise _Refused
        return photo, record

    async def _rendition(self, request: Request, signed: Signed, photo: SeenPhoto) -> Response:
        _, owner, _, source, width, height, encoding = signed.what
        rendition = Rendition(
            owner, source if source != DRAWN else f"{DRAWN}-{photo.record.id}", Size(int(width), int(height)), encoding
        )
        etag = _tag(signed.what)
        headers = self._headers(signed, etag)
        if _unchanged(request, etag):
            return Response(None, 304, headers)
        drawing = _drawing(photo) if source == DRAWN else None
        try:
            data = await self.darkroom.rendition(RenditionRequest(rendition, photo.sight, photo.keys, drawing))
        except (RenditionFailed, FileChanged):
            picture = await blank(rendition.size, encoding)
            return Response(picture, 422, {**headers, "cache-control": "no-store"}, TYPES[encoding])

        async def read(start: int, end: int) -> AsyncIterator[bytes]:
            yield data[start:end]

        return _served(request, _File(etag, TYPES[encoding], len(data), read), headers)

    async def _original(self, request: Request, signed: Signed, photo: SeenPhoto, picture: PictureRecord | None) -> Response:
        _, owner, _, name = signed.what
        stream = await self.sources.originals.open(photo.sight, owner, name)
        if stream is None:
            raise _Refused
        etag = _tag(signed.what)
        headers = self._headers(signed, etag)
        content_type = (picture.content_type if picture else None) or ""
        if content_type not in _SAFE:
            content_type, headers["content-disposition"] = "application/octet-stream", "attachment"
        if _unchanged(request, etag):
            return Response(None, 304, headers)
        return _served(request, _File(etag, content_type, stream.size, stream.read), headers)

    def _headers(self, signed: Signed, etag: str) -> dict[str, str]:
        left = max(int(signed.expires_s - self.sources.now_ms() / 1_000), 0)
        return {**_FIXED, "cache-control": f"private, max-age={left}, immutable", "etag": etag, "vary": "Authorization"}


def _served(request: Request, file: _File, headers: Mapping[str, str]) -> Response:
    """The whole or a part; a part of something else than the asker has is the whole (RFC 9110, 13.1.5)."""
    told = {**headers, "accept-ranges": "bytes"}
    condition = request.headers.get("if-range")
    asked = request.headers.get("range") if request.method == "GET" and condition in {None, file.etag} else None
    try:
        part = part_of(asked, file.size)
    except Unsatisfiable:
        return Response(None, 416, {**told, "cache-control": "no-store", "content-range": f"bytes */{file.size}"})
    start, end = part or Part(0, file.size)
    told["content-length"] = str(end - start)
    if part is not None:
        told["content-range"] = f"bytes {start}-{end - 1}/{file.size}"
    if request.method == "HEAD":
        return Response(None, 200, {**told, "content-type": file.content_type})
    return StreamingResponse(file.read(start, end), 206 if part else 200, told, file.content_type)


def _unchanged(request: Request, etag: str) -> bool:
    given = request.headers.get("if-none-match", "")
    return given.strip() == "*" or etag in [tag.strip().removeprefix("W/") for tag in given.split(",")]


def _tag(what: tuple[str, ...]) -> str:
    """By the file's name, which is a hash of its bytes, and the rendition; not by the address, which changes."""
    return f'"{hashlib.blake2b(" ".join(what).encode(), digest_size=16).hexdigest()}"'


def _drawing(photo: SeenPhoto) -> dict[str, object]:
    drawn = subject_of(photo.record)
    subject = drawn.subject
    return {"seed": subject.seed, "concepts": list(subject.concepts), "hour": subject.hour, "whole": list(drawn.shape)}


def _plain(status: int, headers: Mapping[str, str] | None = None) -> Response:
    return Response(None, status, {**_FIXED, "cache-control": "no-store", **(headers or {})})
