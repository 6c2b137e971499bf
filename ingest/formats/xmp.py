"""Reads XMP, embedded or from a sidecar: captions, keywords, rating, names of face regions, and the EXIF properties."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any
from xml.etree.ElementTree import Element

from ingest.formats.exif import clean_text, one_line, stars_of_percent
from ingest.formats.exif_caption import is_written_by_a_person
from ingest.formats.exif_place import checked_position
from ingest.formats.lenses import lens_range
from ingest.formats.metadata import Moment, SourceMetadata
from ingest.formats.precedence import XMP
from ingest.formats.xmp_tree import BadXmp, parse, properties
from resolvers.importing.moments import parse_moment
from resolvers.importing.records import OffsetSource

_CLOCKS = (
    "exif:DateTimeOriginal", "photoshop:DateCreated", "xmp:CreateDate", "exif:DateTimeDigitized", "acdsee:datetime",
    "xmpDM:shotDate",
)  # fmt: skip
_TEXTS = ("dc:description", "tiff:ImageDescription", "acdsee:caption", "exif:UserComment", "dc:title", "photoshop:Headline")
_TREES = ("lr:hierarchicalSubject", "digiKam:TagsList", "MicrosoftPhoto:LastKeywordXMP", "acdsee:keywords")
_LENSES = ("exifEX:LensModel", "exif:LensModel", "aux:Lens", "MicrosoftPhoto:LensModel")
_PEOPLE = ("MPReg:PersonDisplayName", "Iptc4xmpExt:PersonInImage")
_ANGLE = re.compile(r"(\d{1,3}),(\d{1,2}(?:\.\d+)?)(?:,(\d{1,2}(?:\.\d+)?))?([NSEW])")
_DECIMAL = re.compile(r"([+-]?\d{1,3}(?:\.\d+)?)([NSEW]?)")
_DATE = re.compile(r"(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d)(:\d\d)?(?:\.\d+)?(Z|[+-]\d\d:\d\d)?)?")


def read_xmp(packet: bytes, origin: str = XMP) -> SourceMetadata:
    """The metadata of a packet; only a remark if it is invalid."""
    try:
        root, damaged = parse(packet)
    except BadXmp as bad:
        return SourceMetadata(origin, remarks=[f"its XMP {bad} and was left out"])
    metadata = SourceMetadata(origin, remarks=["its XMP is damaged: the readable part was used"] if damaged else [])
    found: dict[str, list[str]] = {}
    for name, texts, element in properties(root):
        if name == "mwg-rs:Name":
            continue
        if name in _PEOPLE:
            metadata.people += [one_line(text) for text in texts]
        elif name == "mwg-rs:RegionList" and element is not None:
            metadata.people += _faces(element)
        else:
            found.setdefault(name, texts)
    metadata.people = [name for name in dict.fromkeys(metadata.people) if name]
    metadata.keywords = _keywords(found)
    metadata.texts = _texts(found)
    metadata.moments = {name: moment for name in _CLOCKS if (moment := _moment(_text(found, name))) is not None}
    turned = _number(found, "tiff:Orientation")
    metadata.orientation = int(turned) if turned is not None and turned in range(1, 9) else None
    metadata.burst = next((one_line(t) for t in found.get("GCamera:BurstID", ()) if t), None)
    metadata.fields = _place(found, metadata.remarks) | _rating(found, metadata.remarks) | _camera_and_exposure(found)
    return metadata


def _faces(regions: Element) -> list[str]:
    """Names of the regions that are faces or have no type."""
    names = []
    for item in regions.iter():
        values: dict[str, str] = {name: texts[0] for name, texts, e in properties_of_one(item) if texts}
        if "mwg-rs:Name" in values and values.get("mwg-rs:Type", "Face").casefold() == "face":
            names.append(one_line(values["mwg-rs:Name"]))
    return names


def properties_of_one(item: Element) -> list[tuple[str, list[str], Element | None]]:
    """The properties of an element and of its children, not deeper."""
    shallow = Element(item.tag, item.attrib)
    shallow.extend([_leaf(child) for child in item])
    return list(properties(shallow))


def _leaf(child: Element) -> Element:
    leaf = Element(child.tag, child.attrib)
    leaf.text = child.text
    return leaf


def _keywords(found: Mapping[str, Sequence[str]]) -> list[str]:
    flat = [one_line(text) for text in found.get("dc:subject", ())]
    if not flat:
        trees = [text for name in _TREES for text in found.get(name, ())]
        flat = [one_line(re.split(r"[|/]", text)[-1]) for text in trees]
    if not flat:
        flat = [one_line(word) for text in found.get("pdf:Keywords", ()) for word in re.split("[;,]", text)]
    return [word for word in dict.fromkeys(flat) if word]


def _texts(found: Mapping[str, Sequence[str]]) -> dict[str, str]:
    texts = {name: clean_text(found[name][0]) for name in _TEXTS if found.get(name)}
    return {name: text for name, text in texts.items() if is_written_by_a_person(text)}


def _rating(found: Mapping[str, Sequence[str]], remarks: list[str]) -> dict[str, int]:
    stars = _number(found, "xmp:Rating")
    if stars == -1:
        remarks.append("its rating is -1 (rejected), which this version does not store")
        return {}
    if not stars:  # 0 means unrated
        stars = _number(found, "acdsee:rating")
    if stars is None or not 1 <= stars <= 5:  # noqa: PLR2004
        stars = stars_of_percent(_number(found, "MicrosoftPhoto:Rating"))
    return {} if stars is None else {"rating": round(stars)}


def _camera_and_exposure(found: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    named = {
        "make": _text(found, "tiff:Make"),
        "model": _text(found, "tiff:Model"),
        "lens": _lens(found),
    }
    numbers: dict[str, tuple[float | None, float]] = {
        "aperture": (_number(found, "exif:FNumber") or _of_apex(_number(found, "exif:ApertureValue"), 0.5), 1_000),
        "shutterSeconds": (
            _number(found, "exif:ExposureTime") or _of_apex(_number(found, "exif:ShutterSpeedValue"), -1),
            864_000,
        ),
        "focalLengthMm": (_number(found, "exif:FocalLength"), 100_000),
    }
    exposure: dict[str, Any] = {name: value for name, (value, most) in numbers.items() if value is not None and 0 < value <= most}
    iso = _number(found, "exif:ISOSpeedRatings") or _number(found, "exifEX:PhotographicSensitivity")
    if iso is not None and 1 <= iso <= 10_000_000:  # noqa: PLR2004
        exposure["iso"] = int(iso)
    camera = {name: text for name, text in named.items() if text}
    return ({"camera": camera} if camera else {}) | ({"exposure": exposure} if exposure else {})


def _place(found: Mapping[str, Sequence[str]], remarks: list[str]) -> dict[str, Any]:
    latitude, longitude = _text(found, "exif:GPSLatitude"), _text(found, "exif:GPSLongitude")
    if not latitude and not longitude:
        return {}
    height = _number(found, "exif:GPSAltitude")
    if height is not None and _text(found, "exif:GPSAltitudeRef") == "1":
        height = -height
    place, more = checked_position(_angle(latitude), _angle(longitude), height, "XMP")
    remarks += more
    return place


def _angle(text: str) -> float | None:
    """The degrees of `41,53.5N`, `41,53,30N` or a decimal number."""
    if match := _ANGLE.fullmatch(text):
        angle = int(match[1]) + float(match[2]) / 60 + float(match[3] or 0) / 3600
        return -angle if match[4] in "SW" else angle
    if match := _DECIMAL.fullmatch(text):
        return -float(match[1]) if match[2] in {"S", "W"} else float(match[1])
    return None


def _moment(text: str) -> Moment | None:
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    with suppress(ValueError):
        wall, offset = parse_moment(f"{match[1]}T{match[2] or '00:00'}{match[3] or ':00'}{match[4] or ''}")
        datetime.fromisoformat(wall)
        return Moment(wall, offset, None if offset is None else OffsetSource.EXIF, known=19 if match[2] else 10)
    return None


def _of_apex(value: float | None, factor: float) -> float | None:
    """The f-number (factor 1/2) or the seconds (factor -1) of a value in APEX units."""
    return round(2 ** (value * factor), 6) if value is not None and abs(value) < 32 else None  # noqa: PLR2004


def _text(found: Mapping[str, Sequence[str]], name: str) -> str:
    texts = found.get(name, ())
    return one_line(texts[0]) if texts else ""


def _number(found: Mapping[str, Sequence[str]], name: str) -> float | None:
    return _fraction(_text(found, name))


def _fraction(text: str) -> float | None:
    """The value of a decimal number or of a fraction such as `1/250`."""
    match = re.fullmatch(r"([+-]?\d{1,12}(?:\.\d{1,12})?)(?:/(\d{1,12}))?", text)
    if match is None:
        return None
    denominator = int(match[2]) if match[2] else 1
    return float(match[1]) / denominator if denominator else None


def _lens(found: Mapping[str, Sequence[str]]) -> str:
    """The name of the lens, or else its range: the shortest and longest focal length, and the f-number at each."""
    if name := next((text for n in _LENSES if (text := _text(found, n))), ""):
        return name
    listed = found.get("exifEX:LensSpecification", ())
    numbers = list(listed) if len(listed) == 4 else _text(found, "aux:LensInfo").split()  # noqa: PLR2004
    return lens_range(tuple(_fraction(text) for text in numbers))
