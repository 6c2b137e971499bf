"""Compares what the importer reads from a folder with what exiftool reads, field by field.

`python -m benchmarks.exiftool_comparison FOLDER` runs exiftool, which must be installed. With `--json FILE` it reads the output
of `exiftool -j -G -n -r FOLDER` instead. A field agrees if its value is among those of exiftool's tags for it; it is lost
if only exiftool has a value, and extra if only the importer has one, for example from a sidecar. Default texts of cameras and
programs count as lost captions. The exit code is 1 if a field is lost or differs.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ingest.readers.opening import open_reader
from ingest.readers.reading import ImportItem
from resolvers.importing.records import ImportRecord

Tags = Mapping[str, Any]
_TIMES = (
    "DateTimeOriginal CreateDate DateCreated DateTimeDigitized ContentCreateDate CreationDate DigitalCreationDate ModifyDate"
    " CreationTime GPSDateTime DateTimeCreated DigitalCreationDateTime SubSecDateTimeOriginal"
).split()
_CAPTIONS = (
    "Description ImageDescription Caption-Abstract Comment UserComment XPComment Title ObjectName Headline XPTitle XPSubject"
).split()
_LENSES = "LensModel Lens LensType LensID LensInfo LensSpec".split()


def values(tags: Tags, names: Iterable[str]) -> list[Any]:
    """The values of tags with these names in any group of exiftool."""
    wanted = set(names)
    return [value for name, value in tags.items() if name.rpartition(":")[2] in wanted and value not in ("", None)]


def number(value: Any) -> float | None:
    """The first number of a value, also of a fraction, of `54 deg 48' 0.00" S` and of `0:01:10`."""
    text = str(value)
    if match := re.fullmatch(r"(\d+) deg (\d+)' ([\d.]+)\"(?: ([NSEW]))?", text):
        degrees = int(match[1]) + int(match[2]) / 60 + float(match[3]) / 3600
        return -degrees if match[4] in {"S", "W"} else degrees
    if match := re.match(r"(\d+):(\d\d):(\d\d)", text):
        return int(match[1]) * 3600.0 + int(match[2]) * 60 + int(match[3])
    match = re.match(r"([+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?:/(\d+))?", text)
    return None if match is None else float(match[1]) / (int(match[2]) if match[2] else 1)


def words(value: Any) -> str:
    return re.sub(r"[\W_]+", "", str(value)).casefold()


def same_text(ours: Any, theirs: Any) -> bool:
    return words(ours) == words(theirs) or words(ours) in words(theirs)


def same_time(ours: Any, theirs: Any) -> bool:
    digits = re.sub(r"\D", "", str(theirs)[:19])
    return bool(digits) and re.sub(r"\D", "", str(ours)).startswith(digits[:12])


def close(tolerance: float) -> Callable[[Any, Any], bool]:
    """Whether two numbers differ by at most this part of the larger one."""

    def same(ours: Any, theirs: Any) -> bool:
        other = number(theirs)
        return other is not None and abs(ours - other) <= tolerance * max(abs(ours), abs(other), 1e-6)

    return same


@dataclass(frozen=True)
class Field:
    """A field of the record, and exiftool's tags for it."""

    name: str
    ours: Callable[[ImportRecord], Any]
    tags: tuple[str, ...]
    same: Callable[[Any, Any], bool]
    groups: tuple[str, ...] = ()


def _part(group: str, name: str) -> Callable[[ImportRecord], Any]:
    return lambda record: getattr(getattr(record, group), name, None)


def _words_of(record: ImportRecord) -> list[str] | None:
    return [label.key for label in record.labels] + list(record.keywords) or None


def same_words(ours: Any, theirs: Any) -> bool:
    """Whether each keyword of exiftool is among ours."""
    listed = theirs if isinstance(theirs, list) else re.split(r"[;,]", str(theirs))
    known = {words(word) for word in ours}
    return all(words(str(word)) in known for word in listed if words(str(word)))


FIELDS = (
    Field("takenAt", lambda r: r.taken_local, tuple(_TIMES), same_time),
    Field("latitude", lambda r: r.latitude, ("GPSLatitude",), close(1e-5), ("Composite",)),
    Field("longitude", lambda r: r.longitude, ("GPSLongitude",), close(1e-5), ("Composite",)),
    Field("altitude", lambda r: r.altitude_meters, ("GPSAltitude",), close(1e-3), ("Composite",)),
    Field("caption", lambda r: r.caption, tuple(_CAPTIONS), same_text),
    Field("rating", lambda r: r.rating, ("Rating",), close(0.15)),
    Field("keywords", _words_of, ("Subject", "Keywords", "XPKeywords"), same_words),
    Field("make", _part("camera", "make"), ("Make",), same_text),
    Field("model", _part("camera", "model"), ("Model",), same_text),
    Field("lens", _part("camera", "lens"), tuple(_LENSES), same_text),
    Field("iso", _part("exposure", "iso"), ("ISO",), close(1e-6)),
    Field("aperture", _part("exposure", "aperture"), ("FNumber", "Aperture", "ApertureValue"), close(0.02)),
    Field("shutter", _part("exposure", "shutter_seconds"), ("ExposureTime", "ShutterSpeed", "ShutterSpeedValue"), close(0.05)),
    Field("focalLength", _part("exposure", "focal_length_mm"), ("FocalLength",), close(1e-2)),
    Field("width", lambda r: r.width, ("ImageWidth", "ImageHeight"), close(1e-6)),
    Field("height", lambda r: r.height, ("ImageWidth", "ImageHeight"), close(1e-6)),
    Field("duration", lambda r: r.duration_seconds, ("Duration",), close(0.02)),
)


@dataclass
class Count:
    """Outcomes of one field, with examples of those that are not agreements."""

    agrees: int = 0
    differs: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    extra: int = 0

    def add(self, where: str, wanted: Field, record: ImportRecord, tags: Tags) -> None:
        """Compares one file."""
        theirs = [v for v in values(_in_groups(tags, wanted.groups), wanted.tags) if _is_set(wanted, v)]
        ours = wanted.ours(record)
        if ours is None:
            self.lost += [f"{where}: {theirs[0]!r:.160}"] if theirs else []
        elif not theirs:
            self.extra += 1
        elif any(wanted.same(ours, value) for value in theirs):
            self.agrees += 1
        else:
            self.differs.append(f"{where}: {ours!r:.80}, exiftool: {theirs!r:.160}")


def _in_groups(tags: Tags, groups: tuple[str, ...]) -> Tags:
    return {name: value for name, value in tags.items() if not groups or name.partition(":")[0] in groups}


def _is_set(wanted: Field, value: Any) -> bool:
    """Whether the value says something: zeros and blanks of clocks, of ratings and of exposures do not."""
    if isinstance(value, str) and not re.search(r"[^\s0:.\-+]", value):
        return False
    unset = {"rating", "iso", "aperture", "shutter", "focalLength", "duration", "altitude", "latitude", "longitude"}
    return not (wanted.name in unset and number(value) in {0, None})


def exiftool_tags(folder: Path, output: Path | None) -> dict[str, Tags]:
    """The tags of each file by its path relative to the folder."""
    if output is None:
        command = ["exiftool", "-j", "-G", "-n", "-r", "-q", "-q", "-m", "-struct", str(folder)]
        text = subprocess.run(command, capture_output=True, check=False).stdout.decode("utf-8", "replace")
    else:
        text = output.read_text(encoding="utf-8", errors="replace")
    found = {}
    for tags in json.loads(text or "[]"):
        path = Path(tags["SourceFile"])
        found[str(path.relative_to(folder) if path.is_relative_to(folder) else path)] = tags
    return found


def compare(folder: Path, output: Path | None = None) -> tuple[dict[str, Count], list[str], int]:
    """The counts by field, the files that only exiftool reads, and how many files were compared."""
    counts = {wanted.name: Count() for wanted in FIELDS}
    known = exiftool_tags(folder, output)
    rejected, compared = [], 0
    with tempfile.TemporaryDirectory() as spool:
        reader = open_reader(folder, spool=Path(spool))
        try:
            for found in reader.read():
                tags = known.get(found.where)
                if not isinstance(found, ImportItem):
                    rejected += [f"{found.where} {found.reason}"] if tags is not None and not found.skipped else []
                elif tags is not None:
                    compared += 1
                    for wanted in FIELDS:
                        counts[wanted.name].add(found.where, wanted, found.record, tags)
        finally:
            reader.close()
    return counts, rejected, compared


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", type=Path, help="the output of `exiftool -j -G -n -r FOLDER`")
    parser.add_argument("--examples", type=int, default=3, help="printed examples of each difference")
    chosen = parser.parse_args()
    counts, rejected, compared = compare(chosen.folder, chosen.json)
    print(f"{compared:,} files compared; {len(rejected):,} files are read by exiftool only")
    print("\n".join(f"  {line}" for line in rejected[: chosen.examples]))
    print(f"{'field':12} {'agrees':>8} {'differs':>8} {'lost':>8} {'extra':>8}")
    for name, count in counts.items():
        print(f"{name:12} {count.agrees:8,} {len(count.differs):8,} {len(count.lost):8,} {count.extra:8,}")
    for name, count in counts.items():
        for kind, examples in (("differs", count.differs), ("lost", count.lost)):
            print("\n".join(f"{name} {kind}: {text}" for text in examples[: chosen.examples]), end="\n" if examples else "")
    return 1 if any(count.differs or count.lost for count in counts.values()) else 0


if __name__ == "__main__":
    raise SystemExit(main())
