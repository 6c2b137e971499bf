"""Parses XMP to flat properties. Document types are rejected, so that entities cannot expand or reference other files.

The parser is expat of the standard library. defusedxml is equally safe, but uses the Python parser of the standard library,
which is ten times slower.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from html.entities import html5
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
    "http://ns.acdsee.com/iptc/1.0/": "acdsee",
    "http://ns.adobe.com/xmp/1.0/DynamicMedia/": "xmpDM",
    "http://ns.adobe.com/pdf/1.3/": "pdf",
}


_ENCODINGS: Final = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\0\0", "utf-32"),
    (b"\0\0\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_XML: Final = re.compile(r"<((?:[A-Za-z_][\w.-]*:)?(?:xmpmeta|xapmeta|RDF))[\s>]")
_FORBIDDEN: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff\ufeff]|&#(?:0*(?:[0-8]|1[124-9]|2\\d|3[01])|x0*(?:[0-8bcefBCEF]|1[0-9a-fA-F]));"
)
_AMPERSAND: Final = re.compile(r"&(?!(?:#\d{1,7}|#x[0-9A-Fa-f]{1,6}|amp|lt|gt|quot|apos);)(\w{1,31};)?")
_ESCAPED: Final = re.compile("[\udc80-\udcff]")
_UNBOUND_PREFIX: Final = 27  # XML_ERROR_UNBOUND_PREFIX of expat
_MAX_REPAIRS: Final = 3
_MAX_PREFIXES: Final = 50


class BadXmp(ValueError):
    """The packet is not XMP, or exceeds a limit. The text is a phrase that follows "its XMP"."""


class _Bounded(TreeBuilder):
    def __init__(self) -> None:
        super().__init__()
        self._depth = self._count = 0
        self.root: Element | None = None

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        self._depth += 1
        self._count += 1
        if self._depth > _MAX_DEPTH or self._count > _MAX_ELEMENTS:
            raise BadXmp("is nested too deeply or has too many parts")
        element = super().start(tag, attrs)
        self.root = element if self.root is None else self.root
        return element

    def end(self, tag: str, /) -> Element:
        self._depth -= 1
        return super().end(tag)

    def doctype(self, _name: str, _public: str | None, _system: str | None) -> None:
        raise BadXmp("declares a document type")


def parse(packet: bytes) -> tuple[Element, bool]:
    """The root element, and whether the packet is damaged, so that only a part of it was read. Raises `BadXmp`."""
    if len(packet) > _MAX_PACKET:
        raise BadXmp("is larger than 8 MiB")
    text, damaged = packet_text(packet)
    for _ in range(_MAX_REPAIRS):
        builder = _Bounded()
        parser = XMLParser(target=builder, encoding="utf-8")  # noqa: S314  (see the docstring of the module)
        try:
            parser.feed(text.encode("utf-8", "replace"))
            root: Element = parser.close()
        except BadXmp:
            raise
        except (ParseError, ValueError, LookupError) as error:
            repaired = _with_prefix(text, error)
            if repaired is None:
                if builder.root is None or not len(builder.root):
                    raise BadXmp("is not well-formed XML") from error
                with suppress(Exception):
                    builder.end("")  # completes the text of the element in which the packet is damaged
                return builder.root, True
            text, damaged = repaired, True
        else:
            return root, damaged
    raise BadXmp("is not well-formed XML")


def packet_text(packet: bytes) -> tuple[str, bool]:
    """The XML of a packet, and whether it is damaged. Bytes and characters that XML does not allow are replaced.

    The encoding is that of the byte order mark or of the first characters. What surrounds the XML is left out: padding, the
    declarations of the packet, and the end of an older packet that a program did not overwrite.
    Raises `BadXmp` for a document type.
    """
    encoding = next((name for mark, name in _ENCODINGS if packet.startswith(mark)), None) or _guessed_encoding(packet)
    try:
        text, damaged = packet.decode(encoding), False
    except UnicodeDecodeError:
        text, damaged = _lenient(packet, encoding), True
    match = _XML.search(text)
    if "<!DOCTYPE" in text[: match.start() if match else len(text)]:
        raise BadXmp("declares a document type")
    if match is not None:
        end = text.find(f"</{match[1]}>", match.end())
        damaged |= end < 0
        text = text[match.start() : end + len(match[1]) + 3 if end >= 0 else len(text)]
    text, count = _FORBIDDEN.subn("", text)
    text, more = _AMPERSAND.subn(_entity, text)
    return text, damaged or count + more > 0


def _guessed_encoding(packet: bytes) -> str:
    """The encoding of a packet without a byte order mark, by the zeros around its first `<`."""
    at = max(packet.find(b"<"), 0)
    if packet[at + 1 : at + 4] == bytes(3):
        return "utf-32-be" if at % 4 == 3 else "utf-32-le"  # noqa: PLR2004  (the last of four bytes)
    if packet[at + 1 : at + 2] == b"\0":
        return "utf-16-be" if at % 2 else "utf-16-le"
    return "utf-8"


def _lenient(packet: bytes, encoding: str) -> str:
    """The text, with invalid bytes read as Windows-1252, which old programs wrote."""
    if encoding not in {"utf-8", "utf-8-sig"}:
        return packet.decode(encoding, "replace")
    text = packet.decode(encoding, "surrogateescape")
    return _ESCAPED.sub(lambda match: bytes([ord(match[0]) - 0xDC00]).decode("cp1252", "replace"), text)


def _entity(match: re.Match[str]) -> str:
    """The character of an entity of HTML, which XML does not declare; or an escaped ampersand."""
    name = match[1] or ""
    return html5.get(name, f"&amp;{name}")


def _with_prefix(text: str, error: Exception) -> str | None:
    """The text with the prefix that it uses without a declaration; None if the error is another one."""
    if getattr(error, "code", None) != _UNBOUND_PREFIX:
        return None
    declared = set(re.findall(r"xmlns:([\w.-]+)", text))
    used = [name for name in re.findall(r"[<\s]([A-Za-z_][\w.-]*):[A-Za-z_]", text) if name not in declared | {"xml", "xmlns"}]
    names = list(dict.fromkeys(used))[:_MAX_PREFIXES]
    root = re.search(r"<[A-Za-z_][\w.:-]*", text)
    if not names or root is None:
        return None
    uris = {prefix: uri for uri, prefix in _PREFIXES.items()} | {"x": "adobe:ns:meta/", "rdf": _RDF[1:-1]}
    declarations = "".join(f' xmlns:{name}="{uris.get(name, "unknown:" + name)}"' for name in names)
    return text[: root.end()] + declarations + text[root.end() :]


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
