"""`/media`: pictures by signed URL. The URL names the viewer, whose permissions are checked again at every request.

Browsers send no token with an `<img>` request, so the URL is the credential, valid for 15 to 30 minutes. It is valid for one
photo, one file and one viewer, and is refused if it is sent together with the token of another viewer or embedded by an origin
that is not configured. All refusals have the same response.
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
from access.signing import InvalidSignedUrl, SignedUrl
from access.viewer import Viewer
from datasources import Sources
from datasources.errors import SourceError
from datasources.media.referenced_files import FileChanged
from datasources.photo_key import PhotoKey
from datasources.tables.photos import SeenPhoto
from datasources.tables.pictures import PictureRecord
from identity.verifier import Unauthenticated, Verifier, bearer_token
from pictures.size_ladder import Size
from resolvers.pictures import MEDIA, MOTION_TYPE, ORIGINAL, RENDITION, TYPES, may_have_original
from resolvers.viewer_scope import scope_of
from serving.blank_image import blank
from serving.byte_ranges import Part, Unsatisfiable, part_of
from serving.origin_policy import EmbedOrigins
from serving.renditions import Busy, Rendition, RenditionFailed, RenditionRequest, RenditionService

_SAFE: Final = frozenset(
    {"image/jpeg", "image/png", "image/webp", "image/avif", "image/gif", "image/heic", "image/heif", "image/tiff",
     "video/mp4", "video/quicktime", "video/webm"}
)  # fmt: skip
"""Types that browsers display without executing anything; all others are sent as attachments."""
_FIXED: Final = {
    "content-security-policy": "default-src 'none'; sandbox",
    # Pages of other origins may embed pictures; `embed_origins` refuses unknown origins by the headers of the request.
    "cross-origin-resource-policy": "cross-origin",
    "x-robots-tag": "noindex",
}


class _Refused(Exception):
    """The viewer may not have the file."""


class _File(NamedTuple):
    """The file of a response: its entity tag, media type and size, and a reader of byte ranges."""

    etag: str
    content_type: str
    size: int
    read: Callable[[int, int], AsyncIterator[bytes]]


@dataclass(frozen=True, slots=True)
class Media:
    """The handler of the route `/media`."""

    sources: Sources
    verifier: Verifier
    renditions: RenditionService
    embed_origins: EmbedOrigins

    def route(self) -> Route:
        """The route for GET and HEAD."""
        return Route(f"{MEDIA}/{{address}}", self.answer, methods=["GET", "HEAD"])

    async def answer(self, request: Request) -> Response:
        """Returns a file or an error response without a body."""
        try:
            signed = self._signed(request)
            photo, picture = await self._photo(signed)
            if signed.resource[0] == RENDITION:
                return await self._rendition(request, signed, photo)
            return await self._original(request, signed, photo, picture)
        except (InvalidSignedUrl, _Refused):
            return _empty(403)
        except Busy:
            return _empty(503, {"retry-after": "2"})
        except SourceError:
            return _empty(503, {"retry-after": "5"})

    def _signed(self, request: Request) -> SignedUrl:
        signed = self.sources.signer.read(MEDIA, request.path_params["address"], now_s=self.sources.now_ms() / 1_000)
        request.scope.setdefault("state", {})["viewer"] = signed.viewer.kind.value
        if not self.embed_origins.may_embed(request.headers) or not self._same_viewer(request, signed.viewer):
            raise _Refused
        return signed

    def _same_viewer(self, request: Request, viewer: Viewer) -> bool:
        """Whether the token of the request, if there is one, belongs to the viewer of the URL."""
        header = request.headers.get("authorization")
        if header is None:
            return True
        try:
            return self.verifier.viewer(bearer_token(header)).key == viewer.key
        except Unauthenticated:
            return False

    async def _photo(self, signed: SignedUrl) -> tuple[SeenPhoto, PictureRecord]:
        """The photo as this viewer may see it now, by the current grants, albums, trash and erasures of the tables."""
        key = PhotoKey(*signed.resource[1:3])
        scope = await scope_of(self.sources, signed.viewer)
        photo = (await self.sources.photos.by_ids(scope, [key])).get(key)
        if photo is None or not photo.visibility.may(DataClass.PICTURE):
            raise _Refused
        if signed.resource[0] == ORIGINAL and not may_have_original(photo):
            raise _Refused
        picture = (await self.sources.pictures.of_photos(scope, [photo])).get(key)
        if picture is None:
            raise _Refused
        record = picture.record
        allowed = {record.original, record.motion} if signed.resource[0] == ORIGINAL else {record.source}
        if signed.resource[3] not in allowed:
            raise _Refused
        return photo, record

    async def _rendition(self, request: Request, signed: SignedUrl, photo: SeenPhoto) -> Response:
        _, owner, _, source, width, height, encoding = signed.resource
        rendition = Rendition(owner, source, Size(int(width), int(height)), encoding)
        etag = _entity_tag(signed.resource)
        headers = self._headers(signed, etag)
        if _unchanged(request, etag):
            return Response(None, 304, headers)
        try:
            data = await self.renditions.rendition(RenditionRequest(rendition, photo.visibility, photo.keys))
        except (RenditionFailed, FileChanged):
            picture = await blank(rendition.size, encoding)
            return Response(picture, 422, {**headers, "cache-control": "no-store"}, TYPES[encoding])

        async def read(start: int, end: int) -> AsyncIterator[bytes]:
            yield data[start:end]

        return _served(request, _File(etag, TYPES[encoding], len(data), read), headers)

    async def _original(self, request: Request, signed: SignedUrl, photo: SeenPhoto, picture: PictureRecord) -> Response:
        _, owner, _, name = signed.resource
        stream = await self.sources.originals.open(photo.visibility, owner, name)
        if stream is None:
            raise _Refused
        etag = _entity_tag(signed.resource)
        headers = self._headers(signed, etag)
        is_motion = name == picture.motion
        content_type = (picture.motion_type or MOTION_TYPE if is_motion else picture.content_type) or ""
        if content_type not in _SAFE:
            content_type, headers["content-disposition"] = "application/octet-stream", "attachment"
        if _unchanged(request, etag):
            return Response(None, 304, headers)
        return _served(request, _File(etag, content_type, stream.size, stream.read), headers)

    def _headers(self, signed: SignedUrl, etag: str) -> dict[str, str]:
        max_age_s = max(int(signed.expires_s - self.sources.now_ms() / 1_000), 0)
        return {**_FIXED, "cache-control": f"private, max-age={max_age_s}, immutable", "etag": etag, "vary": "Authorization"}


def _served(request: Request, file: _File, headers: Mapping[str, str]) -> Response:
    """The entire file or the requested range. If `If-Range` does not match, the entire file (RFC 9110, 13.1.5)."""
    response_headers = {**headers, "accept-ranges": "bytes"}
    condition = request.headers.get("if-range")
    requested = request.headers.get("range") if request.method == "GET" and condition in {None, file.etag} else None
    try:
        part = part_of(requested, file.size)
    except Unsatisfiable:
        return Response(None, 416, {**response_headers, "cache-control": "no-store", "content-range": f"bytes */{file.size}"})
    start, end = part or Part(0, file.size)
    response_headers["content-length"] = str(end - start)
    if part is not None:
        response_headers["content-range"] = f"bytes {start}-{end - 1}/{file.size}"
    if request.method == "HEAD":
        return Response(None, 200, {**response_headers, "content-type": file.content_type})
    return StreamingResponse(file.read(start, end), 206 if part else 200, response_headers, file.content_type)


def _unchanged(request: Request, etag: str) -> bool:
    condition = request.headers.get("if-none-match", "")
    return condition.strip() == "*" or etag in [tag.strip().removeprefix("W/") for tag in condition.split(",")]


def _entity_tag(resource: tuple[str, ...]) -> str:
    """The tag depends on the file, its size and encoding, and not on the URL, which changes."""
    return f'"{hashlib.blake2b(" ".join(resource).encode(), digest_size=16).hexdigest()}"'


def _empty(status: int, headers: Mapping[str, str] | None = None) -> Response:
    return Response(None, status, {**_FIXED, "cache-control": "no-store", **(headers or {})})
