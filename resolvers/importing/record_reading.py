"""From JSON or a mapping to an `ImportRecord` in normal form, and back. Pure: nothing is read, no clock is asked."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from resolvers.importing.moments import parse_instant, parse_moment, written
from resolvers.importing.records import (
    AlbumRecord,
    BadRecord,
    CameraRecord,
    EmbeddingRecord,
    ExposureRecord,
    ImportRecord,
    LabelRecord,
    OffsetSource,
    PersonRecord,
)

# Tab, line feed and carriage return are text; the rest of the control characters, NUL among them, and half a
# surrogate pair break indexes, terminals or UTF-8.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_FORBIDDEN_IN_LINE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_PATH = re.compile(r"(?P<what>.*) - at (?:`key` in )?`\$\.?(?P<path>[^`]*)`", re.DOTALL)

_INNER: Mapping[str, type[msgspec.Struct]] = {
    "camera": CameraRecord,
    "exposure": ExposureRecord,
    "labels": LabelRecord,
    "people": PersonRecord,
    "albums": AlbumRecord,
    "embedding": EmbeddingRecord,
}
_NAMED_BY = {"people": "name", "albums": "title"}  # a bare text in these lists is both the key and this
# Normal form only: the first three are told by `takenAt`, the others by files.
_OURS = frozenset({"takenLocal", "utcOffsetMinutes", "offsetSource", "motionId", "burstId", "takenInUtc", "ofBytesOnly", "kept"})
_KNOWN = frozenset(msgspec.structs.fields(ImportRecord)[i].encode_name for i in range(len(ImportRecord.__struct_fields__)))
WIRE_NAMES = (_KNOWN - _OURS) | {"takenAt"}
_INNER_WIRE = {name: frozenset(f.encode_name for f in msgspec.structs.fields(of)) for name, of in _INNER.items()}
_PROSE = frozenset({"caption", "recognizedText"})


class UnknownKeys:
    """The names met that the contract does not know, each once; at most 100 are kept, shortened to 80 characters."""

    def __init__(self) -> None:
        self._names: set[str] = set()
        self.more = False

    def add(self, name: str) -> None:
        """Keep the name if it is new and there is room."""
        shown = name[:80].encode("utf-8", "replace").decode()
        if len(self._names) < 100:  # noqa: PLR2004  (told in the docstring)
            self._names.add(shown)
        elif shown not in self._names:
            self.more = True

    @property
    def names(self) -> list[str]:
        """In alphabetical order."""
        return sorted(self._names)


def read_record(raw: Mapping[str, Any] | bytes, unknown: UnknownKeys | None = None) -> ImportRecord:
    """The record in normal form. Raises BadRecord and nothing else; adds names it does not know to `unknown`."""
    try:
        given = msgspec.json.decode(raw) if isinstance(raw, bytes) else raw
    except UnicodeDecodeError:
        raise BadRecord("is not UTF-8") from None
    except RecursionError:
        raise BadRecord("is nested too deeply") from None
    except msgspec.DecodeError as error:
        raise BadRecord(f"is no JSON: {_sentence(str(error))}") from None
    if not isinstance(given, Mapping):
        raise BadRecord("is no JSON object")
    plain = _plain(given, unknown)
    try:
        return msgspec.convert(plain, ImportRecord)
    except msgspec.ValidationError as error:
        raise _refusal(str(error)) from None
    except RecursionError:
        raise BadRecord("is nested too deeply") from None


def to_wire(record: ImportRecord) -> dict[str, Any]:
    """The record as the contract writes it: `read_record(to_wire(r))` is `r`, but for an offset's source."""
    wire: dict[str, Any] = msgspec.to_builtins(record)
    for name in _OURS:
        wire.pop(name, None)
    if record.taken_local is not None:
        wire["takenAt"] = written(record.taken_local, record.utc_offset_minutes)
    return wire


def to_line(record: ImportRecord) -> bytes:
    """One line of JSON Lines, without its end."""
    return msgspec.json.encode(to_wire(record))


def _plain(given: Mapping[str, Any], unknown: UnknownKeys | None) -> dict[str, Any]:
    """What is known and not null, in normal form where that is not the business of types."""
    plain: dict[str, Any] = {}
    for name, value in given.items():
        if name not in WIRE_NAMES:
            if unknown is not None:
                unknown.add(str(name))
        elif value is None:
            continue
        elif name in _INNER:
            plain[name] = _inner(name, value, unknown)
        elif isinstance(value, str):
            text = _text(value, name, prose=name in _PROSE)
            if text or name == "sourceId":
                plain[name] = text
        elif name == "keywords" and isinstance(value, list | tuple):
            plain[name] = _once(_texts(value, name))
        else:
            plain[name] = _finite(value, name)
    _settle_time(plain)
    _settle_location(plain)
    return plain


def _inner(name: str, value: object, unknown: UnknownKeys | None) -> object:
    if isinstance(value, Mapping):
        return _inner_object(name, value, unknown)
    if not isinstance(value, list | tuple):
        return value
    members: dict[object, object] = {}
    for place, member in enumerate(value):
        at = f"{name}[{place}]"
        if isinstance(member, str) and name in _NAMED_BY:
            text = _text(member, at)
            found: object = {"key": text, _NAMED_BY[name]: text}
        elif isinstance(member, Mapping):
            found = _inner_object(name, member, unknown)
        else:
            found = member
        key = found.get("key") if isinstance(found, dict) else None
        members.setdefault(key if isinstance(key, str) else place, found)
    return list(members.values())


def _inner_object(name: str, value: Mapping[str, Any], unknown: UnknownKeys | None) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for key, member in value.items():
        if key not in _INNER_WIRE[name]:
            if unknown is not None:
                unknown.add(f"{name}.{key}")
        elif isinstance(member, str):
            text = _text(member, f"{name}.{key}")
            if text or key == "key":
                plain[key] = text
        elif key == "vector" and isinstance(member, list | tuple):
            plain[key] = _vector(member)
        elif member is not None:
            plain[key] = _finite(member, f"{name}.{key}")
    return plain


def _finite(value: object, field: str) -> object:
    """JSON has no NaN, but Parquet and callers have, and NaN passes every comparison of a range."""
    if isinstance(value, float) and not math.isfinite(value):
        raise BadRecord("is not finite", field)
    return value


def _text(value: str, field: str, *, prose: bool = False) -> str:
    if value.isascii() and value.isprintable():
        return value.strip()
    if (_FORBIDDEN if prose else _FORBIDDEN_IN_LINE).search(value):
        raise BadRecord("holds control characters or half a surrogate pair", field)
    return unicodedata.normalize("NFC", value).strip()


def _texts(values: Iterable[object], field: str) -> list[object]:
    return [_text(v, field) if isinstance(v, str) else v for v in values if v is not None and v != ""]


def _once(values: list[object]) -> list[object]:
    return list(dict.fromkeys(values)) if all(isinstance(v, str) for v in values) else values


def _vector(values: list[Any] | tuple[Any, ...]) -> list[Any] | tuple[Any, ...]:
    try:
        usable = math.isfinite(length := sum(v * v for v in values)) and length > 0
    except (TypeError, OverflowError):
        return values  # not numbers: the types say so with the place
    if not usable:
        raise BadRecord("has no direction: it must be finite and not all zero", "embedding.vector")
    return values


def _settle_time(plain: dict[str, Any]) -> None:
    for name, settle in (("takenAt", parse_moment), ("trashedAt", parse_instant)):
        text = plain.get(name)
        if text is None:
            continue
        if not isinstance(text, str):
            raise BadRecord("is no text", name)
        try:
            plain[name] = settle(text)
        except ValueError as error:
            raise BadRecord(str(error), name) from None
    if "takenAt" in plain:
        plain["takenLocal"], offset = plain.pop("takenAt")
        if offset is not None:
            plain.update(utcOffsetMinutes=offset, offsetSource=OffsetSource.RECORD)


def _settle_location(plain: dict[str, Any]) -> None:
    latitude, longitude = plain.get("latitude"), plain.get("longitude")
    if latitude is None and longitude is None:
        return
    if latitude is None or longitude is None:
        raise BadRecord("is given without the other half of the location", "longitude" if latitude is None else "latitude")
    if latitude == 0 and longitude == 0 and not isinstance(latitude, bool):
        for name in ("latitude", "longitude", "altitudeMeters"):
            plain.pop(name, None)


def _refusal(message: str) -> BadRecord:
    match = _PATH.fullmatch(message)
    if match is None:
        field = re.search(r"missing required field `(\w+)`", message)
        return BadRecord("is missing" if field else _sentence(message), field[1] if field else None)
    what = "is none of the allowed words" if match["what"].startswith("Invalid enum") else _sentence(match["what"])
    missing = re.search(r"missing required field `(\w+)`", what)
    return BadRecord(f"lacks `{missing[1]}`" if missing else what, match["path"].removeprefix("."))


def _sentence(message: str) -> str:
    return message[:1].lower() + message[1:].replace("`", "")
