"""Reads an export of this program (docs/export.md): a folder of its files, or a zip file of such a folder."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, get_type_hints

import msgspec

from datasources.tables.photos import Content, Coordinates, PhotoRecord
from ingest.readers.export_files import BROKEN, Files, ListedFile, object_of, rows_of, texts_of
from ingest.readers.export_upgrades import EXPORT_UPGRADES, ExportUpgrades
from ingest.readers.reading import ImportItem, ImportReader, OriginalFile, ReadResult, RejectedItem, Unreadable
from resolvers.exporting.columns import FILE_COLUMNS
from resolvers.exporting.lines import EXPORTED_FIELDS
from resolvers.importing.moments import OUT_OF_RANGE
from resolvers.importing.record_reading import read_record
from resolvers.importing.records import BadRecord, ImportRecord, SealedPart

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
_PIECE = 1 << 20
_HINTS = get_type_hints(PhotoRecord)
_INSTEAD = {SealedPart.CONTENT: Content, SealedPart.COORDINATES: Coordinates | None}
_BY_HASH = re.compile(r"sha256:[0-9a-f]{64}")
_MAX_RATIO, _MIN_RATIO_CHECK_BYTES = 200, 64 << 20


class ExportReader(ImportReader):
    """Reads the photos of an export with their originals, and by `section` its other records. Older versions are upgraded."""

    def __init__(self, files: Files, path: Path, spool: Path | None = None, upgrades: ExportUpgrades = EXPORT_UPGRADES) -> None:
        manifest = files.manifest()
        assert manifest is not None
        upgrades.check(manifest.version, path.name)
        self._version, self._upgrades = manifest.version, upgrades
        self._files = files
        self._listed = [f for f in manifest.files if _NAME.fullmatch(f.name)]
        self._photos = [f for f in self._listed if f.path == "photos"]
        self._beneath = spool
        self._spool: Path | None = None
        total = sum(f.bytes for f in self._photos)
        super().__init__(total=total, fingerprint=hashlib.sha256(repr(manifest).encode()).hexdigest())

    def section(self, path: str) -> Iterator[Mapping[str, Any]]:
        """The records of one path of the manifest other than `photos`. Lines that cannot be read are skipped."""
        for file in self._listed:
            if file.path == path:
                with suppress(*BROKEN), self._files.open(file.name) as stream:
                    for text in texts_of(stream):
                        if (line := object_of(text)) is not None:
                            yield self._upgrades.upgraded(self._version, path, line)

    def read(self, after: str | None = None) -> Iterator[ReadResult]:
        """Photos in order. A position is the number of the file and of the row in it."""
        at, behind = (int(p) for p in (after or "0:0").split(":"))
        done = 0
        for number, file in enumerate(self._photos):
            done += file.bytes
            if number >= at:
                yield from self._of_file(number, file, behind if number == at else 0, done)

    def _of_file(self, number: int, file: ListedFile, behind: int, done: int) -> Iterator[ReadResult]:
        row = 0
        try:
            if not self._as_listed(file):
                yield RejectedItem(
                    f"{number}:{behind}",
                    "does not have the checksum of the manifest; its readable records are imported",
                    file.name,
                    done,
                )
            with self._files.open(file.name) as stream, _archive(self._files, file) as archive:
                for row, given in enumerate(rows_of(stream, file.name), 1):
                    if row > behind:
                        yield self._reading(f"{number}:{row}", given, (f"{file.name} row {row}", done), archive)
        except (*BROKEN, Unreadable):
            yield RejectedItem(f"{number}:{max(row, behind)}", "is missing or damaged", file.name, done)

    def _as_listed(self, file: ListedFile) -> bool:
        digest = hashlib.sha256()
        with self._files.open(file.name) as stream:
            while piece := stream.read(_PIECE):
                digest.update(piece)
        return digest.hexdigest() == file.sha256

    def _reading(
        self, position: str, given: Mapping[str, Any] | None, at: tuple[str, int], archive: zipfile.ZipFile | None
    ) -> ReadResult:
        where, done = at
        if given is None:
            return RejectedItem(position, "is not a JSON object", where, done)
        try:
            given = self._upgrades.upgraded(self._version, "photos", given)
            record = read_export(given, self.unknown)
        except BadRecord as bad:
            return RejectedItem(position, str(bad), where, done)
        kinds = {"original": record.content_type or "application/octet-stream", "motion": "video/quicktime"}
        found = {w: self._original(i, given.get(w), archive, kinds[w]) for w, i in _ids(record).items()}
        lost = tuple(
            f"the export does not contain its {what} unchanged"
            for what, o in found.items()
            if o is None and given.get(what) is not None
        )
        return ImportItem(position, record, where, done, lost, found.get("original"), found.get("motion"))

    def _original(self, source_id: str, name: Any, archive: zipfile.ZipFile | None, content_type: str) -> OriginalFile | None:
        """Copies a member of the archive to a temporary file; None if its hash is not the one of the record."""
        # The hash becomes the name of the copy, so anything else than a hash could be a path.
        if archive is None or not isinstance(name, str) or not _BY_HASH.fullmatch(source_id):
            return None
        if self._spool is None:
            if self._beneath is not None:
                self._beneath.mkdir(mode=0o700, exist_ok=True)
            self._spool = Path(tempfile.mkdtemp(prefix="photos-export-", dir=self._beneath))
        expected, digest = source_id.removeprefix("sha256:"), hashlib.sha256()
        target = self._spool / expected
        try:
            info = archive.getinfo(name)
            if info.file_size > max(_MIN_RATIO_CHECK_BYTES, _MAX_RATIO * info.compress_size):
                return None
            with archive.open(name) as member, target.open("wb") as copy:
                while piece := member.read(_PIECE):
                    digest.update(piece)
                    copy.write(piece)
        except (*BROKEN, ValueError):
            return None
        if digest.hexdigest() != expected:
            target.unlink()
            return None
        return OriginalFile(target, expected, content_type, target.stat().st_size, is_temporary=True)

    def release(self, readings: Sequence[ReadResult]) -> None:
        """See the port."""
        for reading in readings:
            if isinstance(reading, ImportItem):
                for original in (reading.original, reading.motion):
                    if original is not None:
                        original.path.unlink(missing_ok=True)

    def close(self) -> None:
        """See the port."""
        self._files.close()
        if self._spool is not None:
            shutil.rmtree(self._spool, ignore_errors=True)


def read_export(given: Mapping[str, Any], unknown: Any = None) -> ImportRecord:
    """The import record of a line, with the values of its `stored` object; raises `BadRecord`."""
    fields = {k: v for k, v in given.items() if k not in {*FILE_COLUMNS, "stored"}}
    try:
        record = read_record(fields, unknown)
    except BadRecord as bad:
        if (bad.field, bad.reason) != ("takenAt", OUT_OF_RANGE):
            raise
        # Earlier versions stored times that are not accepted now: the photo is restored without its time.
        record = read_record({k: v for k, v in fields.items() if k != "takenAt"}, unknown)
    stored = given.get("stored")
    if stored is None:
        return record
    try:
        stored = json.loads(stored) if isinstance(stored, str) else stored
        kept = {k: msgspec.convert(v, _HINTS.get(k) or _INSTEAD[k]) for k, v in stored.items() if _known(k)}
    except (ValueError, AttributeError, RecursionError):
        raise BadRecord("cannot be read", "stored") from None
    content: Any = kept.get(SealedPart.CONTENT)
    if content is not None and content.source_id != record.source_id:
        raise BadRecord("belongs to another photo", "stored")
    return msgspec.structs.replace(record, stored=kept)


def _known(name: str) -> bool:
    return name in EXPORTED_FIELDS or name in _INSTEAD


def _ids(record: ImportRecord) -> dict[str, str]:
    content = (record.stored or {}).get(SealedPart.CONTENT)
    motion = None if content is None else content.motion_id
    return {"original": record.source_id, **({} if motion is None else {"motion": motion})}


@contextmanager
def _archive(files: Files, photos: ListedFile) -> Iterator[zipfile.ZipFile | None]:
    """The archive with the number of a `photos` file; None if it is missing or damaged."""
    name = f"files-{photos.name.removeprefix('photos-').partition('.')[0]}.zip"
    with ExitStack() as held:
        try:
            archive = held.enter_context(zipfile.ZipFile(held.enter_context(files.open(name))))
        except BROKEN:
            archive = None
        yield archive
