"""The page that lies in every export, and the list of its files."""

from __future__ import annotations

from typing import Any, Final

from datasources.tables.jobs import JobFile
from resolvers.exporting.lines import rfc3339

FORMAT: Final = "photos-gateway-export"
VERSION: Final = 1
README: Final = """# Your photo library

Everything that the photos service keeps about you, in formats that other programs read. Keep all files in one folder.

- `customer.jsonl`, `albums.jsonl`, `people.jsonl`, `shares.jsonl`: your settings, your albums (empty ones too), the people
  you named, and with whom you share albums. One JSON object a line, UTF-8 (https://jsonlines.org).
- `readings.jsonl`: who else read your data in the last four hundred days, latest first: when, what kind of caller, what for,
  which classes of data, and of how many photos.
- `photos-*.jsonl` (or `.parquet`, `.arrow`, as you asked): a line, or row, for each photo and video, those in the trash and
  hidden ones too. `takenAt` is the wall clock where it was taken; an offset stands behind it where one is known.
  `albums` and `people` name their `key` in the files above. `labels` is what a program saw, with how sure it was; `keywords`
  are yours. `placeId` is a place that you chose. `original`, `motion` and `sidecar` are names in the archive of the same
  number. `stored` holds what these words cannot say, such as the place found for the coordinates, and where an offset came
  from; other programs may leave it out.
- `files-*.zip`: for each photo its words, time and place as an XMP sidecar (`….xmp`), which picture programs read, and the
  original file beside it where the service has one. Nothing in an original was changed.
- `manifest.json`: all files with their sizes and SHA-256 checksums, and how many things could not be read.

Into an empty photos gateway: `photos-gateway import FOLDER --owner ID` gives the same library, with new ids. A zip of the
folder does as well. Shares are told here but not made again: nobody gets to see your photos because you moved. A photo
that you deleted for good is not here.
"""


def manifest(files: tuple[JobFile, ...], *, created_at_ms: int, told: dict[str, Any]) -> dict[str, Any]:
    """What `manifest.json` holds."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "createdAt": rfc3339(created_at_ms),
        **told,
        "files": [{"name": f.name, "path": f.path, "rows": f.rows, "bytes": f.size, "sha256": f.sha256.hex()} for f in files],
    }
