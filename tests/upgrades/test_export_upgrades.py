"""Exports of older versions are upgraded while they are read; exports of newer ones are refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from datasources.versions import EXPORT_VERSION
from ingest.readers.export import ExportReader
from ingest.readers.export_files import Files
from ingest.readers.export_upgrades import ExportStep, ExportUpgrades
from ingest.readers.opening import open_reader
from ingest.readers.reading import ImportItem, Unreadable
from tests.upgrades.kept_library import KEPT


def add_mark(path: str, line: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**line, "caption": "upgraded"} if path == "photos" else {**line, "title": "upgraded"}


PLANTED = ExportUpgrades((ExportStep("mark every record", add_mark),))


def test_an_older_export_is_upgraded_while_it_is_read(tmp_path: Path) -> None:
    archive = Path(shutil.copy(KEPT / "export.zip", tmp_path))
    files = Files.at(archive)
    assert files is not None
    reader = ExportReader(files, archive, tmp_path, PLANTED)
    try:
        records = [r.record for r in reader.read() if isinstance(r, ImportItem)]
        assert len(records) > 40
        assert {r.caption for r in records} == {"upgraded"}
        assert {line["title"] for line in reader.section("albums")} == {"upgraded"}
    finally:
        reader.close()


def test_an_export_of_a_newer_program_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with ZipFile(KEPT / "export.zip") as archive:
        archive.extractall(tmp_path)
    (manifest,) = tmp_path.rglob("manifest.json")
    content = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**content, "version": EXPORT_VERSION + 1}))
    with pytest.raises(Unreadable, match="version 2, and this program reads versions up to 1: import it with the newer program"):
        open_reader(manifest.parent)
