"""The README of every export, and the manifest that lists its files."""

from __future__ import annotations

from typing import Any, Final

from datasources.tables.jobs import JobFile
from datasources.versions import EXPORT_VERSION
from resolvers.exporting.lines import rfc3339

FORMAT: Final = "photos-gateway-export"
README: Final = """# Your photo library

Everything that the photos service stores about you, in formats that other programs read. Keep all files in one folder.

- `customer.jsonl`, `albums.jsonl`, `people.jsonl`, `shares.jsonl`: your settings, your albums (empty ones too), the people
  you named, and your shares. One JSON object per line, UTF-8 (https://jsonlines.org).
- `readings.jsonl`: the access log of the last 400 days, latest first: time, kind of caller, purpose, classes of data, and
  number of photos.
- `photos-*.jsonl` (or `.parquet`, `.arrow`, as you chose): one line or row for each photo and video, also hidden ones and
  those in the trash. `takenAt` is the local time where it was taken, with the offset if one is known. `albums` and `people`
  refer to `key` in the files above. `labels` were recognized by a program, each with its confidence; `keywords` are yours.
  `placeId` is a place that you chose. `original`, `motion` and `sidecar` are names in the archive of the same number.
  `stored` holds further values, such as the place found for the coordinates and the origin of an offset; other programs may
  ignore it.
- `files-*.zip`: for each photo an XMP sidecar (`….xmp`) with its texts, time and place, which photo programs read, and the
  unchanged original if the service has it.
- `manifest.json`: all files with their sizes and SHA-256 checksums, and the number of things that could not be read.

`photos-gateway import FOLDER --owner ID` restores the same library in an empty photos gateway, with new ids. FOLDER may also be a
zip file of the folder. Shares are listed here and not created again, so that an import shows your photos to nobody. Photos
that you deleted permanently are not included.
"""


def manifest(files: tuple[JobFile, ...], *, created_at_ms: int, facts: dict[str, Any]) -> dict[str, Any]:
    """The content of `manifest.json`."""
    return {
        "format": FORMAT,
        "version": EXPORT_VERSION,
        "createdAt": rfc3339(created_at_ms),
        **facts,
        "files": [{"name": f.name, "path": f.path, "rows": f.rows, "bytes": f.size, "sha256": f.sha256.hex()} for f in files],
    }
