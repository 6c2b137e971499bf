"""A library of files: folders and archives, planned folder by folder, read by worker processes, in an order to be resumed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, Future, wait
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, unquote_to_bytes

import msgspec

from ingest.formats.file_references import Source
from ingest.formats.media_types import may_be_still
from ingest.formats.worker_jobs import FileAnswer, FileJob, HashedFile, JsonAnswer, PeekAnswer
from ingest.readers.containers import Entry, Parts, Place
from ingest.readers.planning import Unit, plan, worth_a_rejection
from ingest.readers.reading import Item, Original, Reader, Reading, Rejected
from ingest.readers.temp_files import TempFiles
from workers.pool import WorkerDied, WorkerPool

_Key = tuple[Parts, bytes, int, int]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Step:
    """A unit on its way: `half` 1 is the film beside a still that turned out not to be its moving part."""

    unit: Unit
    at: Parts
    """The path of the unit that was planned: a film told apart keeps that of its still, for the order's sake."""
    place: int
    half: int
    done: int
    again: bool = False
    """The still was written before the interruption: only its film is still to come."""

    @property
    def key(self) -> _Key:
        return self.at[:-1], self.at[-1], self.place, self.half


class FilesReader(Reader):
    """Readings of every file of some places. Folders of the same path in several archives are one folder."""

    def __init__(self, places: Sequence[Place], workers: WorkerPool, spool: TempFiles) -> None:
        self._places = places
        self._workers = workers
        self._spool = spool
        self._stopped = False
        self._copies: dict[str, tuple[Path, ...]] = {}
        total, digest = 0, hashlib.sha256()
        for _, entries in self._folders():
            for _, entry in entries:
                total += entry.size
                digest.update(repr((entry.parts, entry.size, entry.stamp)).encode())
        super().__init__(total=total, fingerprint=digest.hexdigest())

    def readings(self, after: str | None = None) -> Iterator[Reading]:
        """A position is path, place and half; a path is percent-encoded, for file names may be any bytes."""
        steps = self._steps(_behind(after))
        for step, answer in self._workers.each(steps, self._job):
            if self._stopped:
                return
            if not step.again:
                yield self._reading(step, answer)
            film = self._film_apart(step, answer)
            if film is not None:
                yield self._reading(film, _finished(self._workers.submit(self._job(film))))

    def release(self, readings: Sequence[Reading]) -> None:
        """See `Reader`."""
        for reading in readings:
            for copy in self._copies.pop(reading.position, ()):
                with suppress(OSError):
                    copy.unlink()

    def stop(self) -> None:
        """See `Reader`."""
        self._stopped = True
        self._workers.close()

    def close(self) -> None:
        """See `Reader`."""
        self._workers.close()
        self._spool.close()

    def _folders(self) -> Iterator[tuple[Parts, Sequence[tuple[int, Entry]]]]:
        if len(self._places) == 1:
            for parts, entries in self._places[0].folders():
                yield parts, [(0, entry) for entry in entries]
            return
        merged: dict[Parts, list[tuple[int, Entry]]] = {}
        for number, place in enumerate(self._places):
            for parts, entries in place.folders():
                merged.setdefault(parts, []).extend((number, entry) for entry in entries)
        for parts in sorted(merged):
            yield parts, sorted(merged[parts], key=lambda pair: (pair[1].parts, pair[0]))

    def _steps(self, behind: _Key | None) -> Iterator[_Step]:
        done = 0
        for parts, entries in self._folders():
            places = {id(entry): number for number, entry in entries}
            listed = [entry for _, entry in entries]
            if behind is not None and parts < behind[0]:
                done += sum(entry.size for entry in listed)
                continue
            folder = os.fsdecode(parts[-1]).encode("utf-8", "replace").decode() if parts else ""
            units = self._bound(plan(folder, listed, self._titles))
            for unit in units:
                done += unit.entry.size + sum(e.size for e in unit.companions)
                step = _Step(unit, unit.entry.parts, places[id(unit.entry)], 0, min(done, self.total))
                if behind is None or step.key > behind:
                    yield step
                elif step.key == behind and unit.motion is not None:
                    yield replace(step, again=True)

    def _bound(self, units: list[Unit]) -> list[Unit]:
        """Pairs live photos of different names by their identifiers; in a folder only, for an archive would be unpacked."""
        films = [u for u in units if _is_apple_film(u)]
        ids = {u.entry.parts: i for u, i in self._content_ids(films).items() if i}
        if not ids:
            return units
        stills = [u for u in units if u.motion is None and may_be_still(u.entry.name) and _is_at_hand(u)]
        mine = {i: u for u, i in self._content_ids(stills).items() if i}
        pairs = {mine[i].entry.parts: parts for parts, i in ids.items() if i in mine}
        by_parts = {u.entry.parts: u for u in films}
        gone = set(pairs.values())
        return [
            replace(u, motion=by_parts[pairs[u.entry.parts]].entry) if u.entry.parts in pairs else u
            for u in units
            if u.entry.parts not in gone
        ]

    def _content_ids(self, units: Sequence[Unit]) -> Mapping[Unit, str | None]:
        jobs = self._workers.each(units, lambda u: {"do": "peek", "with": u.entry.source})
        return {unit: _said(answer, PeekAnswer).content_id for unit, answer in jobs}

    def _titles(self, jsons: Sequence[Entry]) -> Mapping[Entry, tuple[str | None, str | None]]:
        found = {}
        for entry, answer in self._workers.each(jsons, lambda e: {"do": "title", "with": self._source(e)[0]}):
            said = _said(answer, JsonAnswer)
            found[entry] = said.album, said.photo
        return found

    def _job(self, step: _Step) -> object | None:
        unit = step.unit
        if unit.reason or unit.entry.source is None:
            return None
        copies: list[Path] = []

        def source(entry: Entry | None) -> Source | None:
            if entry is None:
                return None
            given, copy = self._source(entry)
            copies.extend([copy] if copy is not None else [])
            return given

        own = source(unit.entry)
        assert own is not None
        job = FileJob(
            own, unit.entry.name, source(unit.xmp), source(unit.json), source(unit.motion), list(unit.albums), unit.trashed
        )
        self._copies[_position(step)] = tuple(copies)
        return {"do": "read", "with": job}

    def _source(self, entry: Entry) -> tuple[Source, Path | None]:
        assert entry.source is not None
        if not entry.source.packed:
            return entry.source, None
        copy = self._spool.new()
        return msgspec.structs.replace(entry.source, to=os.fsencode(copy)), copy

    def _reading(self, step: _Step, answer: Future[Any] | None) -> Reading:
        unit, position = step.unit, _position(step)
        where = self._places[step.place].label + b"/".join(unit.entry.parts).decode("utf-8", "replace").removesuffix("/.")
        if answer is None:
            return Rejected(
                position, unit.reason or unit.entry.reason, where, step.done, skipped=unit.skipped or unit.entry.skipped
            )
        try:
            found = msgspec.convert(answer.result(), FileAnswer)
        except (WorkerDied, CancelledError) as died:
            return Rejected(position, str(died) or "was not read", where, step.done)
        if found.record is None or found.original is None:
            skipped = not found.unread and not worth_a_rejection(unit.entry.name)
            return Rejected(position, found.reason, where, step.done, skipped=skipped, unread=found.unread)
        return Item(
            position,
            found.record,
            where,
            step.done,
            tuple(found.remarks),
            _original(found.original, unit.entry, self._copies[position], 0),
            _original(found.motion, unit.motion, self._copies[position], -1) if found.motion and unit.motion else None,
        )

    def _film_apart(self, step: _Step, answer: Future[Any] | None) -> _Step | None:
        if step.unit.motion is None or answer is None:
            return None
        if not answer.cancelled() and not answer.exception() and answer.result().get("motion") is not None:
            return None
        film = replace(step.unit, entry=step.unit.motion, motion=None, xmp=None)
        return replace(step, unit=film, half=1)


def _original(said: HashedFile, entry: Entry, copies: Sequence[Path], which: int) -> Original:
    assert entry.source is not None
    path = copies[which] if entry.source.packed else Path(os.fsdecode(entry.source.path))
    return Original(path, said.sha256, said.content_type, said.size, spooled=entry.source.packed)


def _is_apple_film(unit: Unit) -> bool:
    return _is_at_hand(unit) and unit.entry.name.lower().endswith(".mov")


def _is_at_hand(unit: Unit) -> bool:
    return not unit.reason and unit.entry.source is not None and not unit.entry.source.packed


def _said(answer: Future[Any] | None, kind: Callable[[], T]) -> T:
    """What a worker said, or that it said nothing: then the reading of the file itself will tell why."""
    if answer is None or answer.cancelled() or answer.exception() is not None:
        return kind()
    said: T = msgspec.convert(answer.result(), kind)
    return said


def _finished(answer: Future[Any]) -> Future[Any]:
    wait([answer])
    return answer


def _position(step: _Step) -> str:
    return f"{step.place}:{step.half}:{quote(b'/'.join(step.at), safe='/')}"


def _behind(after: str | None) -> _Key | None:
    if after is None:
        return None
    place, half, path = after.split(":", 2)
    *folder, name = unquote_to_bytes(path).split(b"/")
    return tuple(folder), name, int(place), int(half)
