"""The edits of the guide "Add a stored field to a photo" in CONTRIBUTING.md, for the field `weather`."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class Edit(NamedTuple):
    """Inserts `text` before the only occurrence of `anchor` in a file."""

    file: str
    anchor: str
    text: str


EDITS = (
    Edit("datasources/tables/photos.py", "    motion_id: str | None = None\n", "    weather: str | None = None\n"),
    Edit("resolvers/importing/records.py", "    latitude: Annotated[", "    weather: Name | None = None\n"),
    Edit("tests/ingest/test_records.py", '    "favorite": True, "hidden": False,', '    "weather": "Light rain",\n'),
    Edit(
        "schema/photo.py",
        '    @field(C.FILE_NAME, "Name of the original file.',
        '    @field(C.CONTENT, "Weather when the photo was taken. Null if unknown.")\n'
        "    def weather(self) -> str | None:\n"
        "        return self.seen.content.weather if self.seen.content else None\n\n",
    ),
)


def apply(root: Path) -> None:
    """Applies the edits to a copy of the repository; raises ValueError where an anchor does not occur exactly once."""
    for edit in EDITS:
        path = root / edit.file
        text = path.read_text("utf-8")
        if text.count(edit.anchor) != 1:
            raise ValueError(
                f"{edit.file} contains {edit.anchor!r} {text.count(edit.anchor)} times instead of once: adapt the guide"
            )
        path.write_text(text.replace(edit.anchor, edit.text + edit.anchor), "utf-8")
