"""Writes a photo's texts, time and place as an XMP sidecar for other photo programs (ISO 16684-1, IPTC Photo Metadata)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape, quoteattr

_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_HEAD = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"
 xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/\""""
_TAIL = """</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>
"""


def sidecar(line: Mapping[str, Any]) -> bytes:
    """The sidecar of a line from `photo_line`. Labels are written as `dc:subject`, because XMP has no property for them."""
    labels = [m["key"] for m in line.get("labels", ())]
    parts = [_HEAD, *(f" {name}={quoteattr(_clean(str(v)))}" for name, v in _attributes(line).items()), ">"]
    if caption := line.get("caption"):
        language = quoteattr(line.get("captionLanguage") or "x-default")
        default = f'<rdf:li xml:lang="x-default">{_text(caption)}</rdf:li>'
        texts = default if language == '"x-default"' else f"{default}<rdf:li xml:lang={language}>{_text(caption)}</rdf:li>"
        parts.append(f"<dc:description><rdf:Alt>{texts}</rdf:Alt></dc:description>")
    if title := line.get("title"):
        parts.append(f'<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{_text(title)}</rdf:li></rdf:Alt></dc:title>')
    parts.append(_bag("dc:subject", list(dict.fromkeys((*line.get("keywords", ()), *labels)))))
    parts.append(_bag("Iptc4xmpExt:PersonInImage", [p["name"] for p in line.get("people", ()) if "name" in p]))
    parts.append(_TAIL)
    return "".join(parts).encode("utf-8", "replace")


def _attributes(line: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if taken := line.get("takenAt"):
        found |= {"exif:DateTimeOriginal": taken, "photoshop:DateCreated": taken}
    if "latitude" in line:
        found["exif:GPSLatitude"] = _degrees(line["latitude"], "NS")
        found["exif:GPSLongitude"] = _degrees(line["longitude"], "EW")
    if (altitude := line.get("altitudeMeters")) is not None:
        found["exif:GPSAltitude"] = f"{round(abs(altitude) * 1_000)}/1000"
        found["exif:GPSAltitudeRef"] = int(altitude < 0)
    if rating := line.get("rating"):
        found["xmp:Rating"] = rating
    return found


def _degrees(value: float, signs: str) -> str:
    """Degrees and decimal minutes in the XMP format: `41,54.000000N`."""
    micro_minutes = round(abs(value) * 60 * 1_000_000)
    degrees, minutes = divmod(micro_minutes, 60 * 1_000_000)
    return f"{degrees},{minutes / 1_000_000:.6f}{signs[value < 0]}"


def _bag(name: str, values: Sequence[str]) -> str:
    if not values:
        return ""
    return f"<{name}><rdf:Bag>{''.join(f'<rdf:li>{_text(v)}</rdf:li>' for v in values)}</rdf:Bag></{name}>"


def _text(value: str) -> str:
    return escape(_clean(value))


def _clean(value: str) -> str:
    return _NOT_XML.sub("\ufffd", value)
