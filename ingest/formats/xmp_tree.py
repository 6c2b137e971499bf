"""Parses XMP to flat properties. Document types are rejected, so that entities cannot expand or reference other files.

The parser is expat of the standard library. defusedxml is equally safe, but uses the Python parser of the standard library,
which is ten times slower.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser

_MAX_PACKET: Final = 8 << 20
_MAX_DEPTH: Final = 100
_MAX_ELEMENTS: Final = 50_000
_RDF: Final = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_PREFIXES: Final = {
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://ns.adobe.com/xap/1.0/": "xmp",
    "http://ns.adobe.com/exif/1.0/": "exif",
    "http://ns.adobe.com/tiff/1.0/": "tiff",
    "http://ns.adobe.com/exif/1.0/aux/": "aux",
    "http://cipa.jp/exif/1.0/": "exifEX",
    "http://ns.adobe.com/photoshop/1.0/": "photoshop",
    "http://ns.adobe.com/lightroom/1.0/": "lr",
    "http://www.digikam.org/ns/1.0/": "digiKam",
    "http://ns.microsoft.com/photo/1.0/": "MicrosoftPhoto",
    "http://ns.microsoft.com/photo/1.0": "MicrosoftPhoto",
    "http://ns.microsoft.com/photo/1.2/t/Region#": "MPReg",
    "http://www.metadataworkinggroup.com/schemas/regions/": "mwg-rs",
    "http://iptc.org/std/Iptc4xmpExt/2008-02-29/": "Iptc4xmpExt",
    "http://ns.google.com/photos/1.0/camera/": "GCamera",
}


class BadXmp(ValueError):
    """The packet is not XMP, or exceeds a limit. The text is a phrase that follows "its XMP"."""


class _Bounded(TreeBuilder):
    def __init__(self) -> None:
        super().__init__()
        self._depth = self._count = 0

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        self._depth += 1
        self._count += 1
        if self._depth > _MAX_DEPTH or self._count > _MAX_ELEMENTS:
            raise BadXmp("is nested too deeply or has too many parts")
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> Element:
        self._depth -= 1
        return super().end(tag)

    def doctype(self, _name: str, _public: str | None, _system: str | None) -> None:
        raise BadXmp("declares a document type")


def parse(packet: bytes) -> Element:
    """The root element. Raises `BadXmp`."""
    if len(packet) > _MAX_PACKET:
        raise BadXmp("is larger than 8 MiB")
    parser = XMLParser(target=_Bounded())  # noqa: S314  (see the docstring of the module)
    try:
        parser.feed(packet.strip(b"\0 \t\r\n"))
        root: Element = parser.close()
    except BadXmp:
        raise
    except (ParseError, ValueError, LookupError) as error:
        raise BadXmp("is not well-formed XML") from error
    return root


def properties(root: Element) -> Iterator[tuple[str, list[str], Element | None]]:
    """Name (`dc:subject`), texts, and element (None for an attribute) of each known property, in the order of the file."""
    for element in root.iter():
        for name, value in element.attrib.items():
            if (known := _known(name)) is not None:
                yield known, [value], None
        if (known := _known(element.tag)) is not None:
            yield known, texts(element), element


def texts(element: Element) -> list[str]:
    """The items of a list, with the one in the default language first; or the plain text."""
    items = [e for e in element.iter(_RDF + "li") if e.text]
    if not items:
        return [element.text] if element.text and element.text.strip() else []
    items.sort(key=lambda e: e.get("{http://www.w3.org/XML/1998/namespace}lang") != "x-default")
    return [e.text or "" for e in items[:2_000]]


def _known(name: str) -> str | None:
    uri, _, local = name[1:].partition("}")
    prefix = _PREFIXES.get(uri)
    return f"{prefix}:{local}" if prefix else None
