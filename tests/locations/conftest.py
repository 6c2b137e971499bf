"""A small packaged file, and a function that imports a dump."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from datasources.locations.artefact import DEFAULT_PATH, PackedFile, write
from datasources.locations.gazetteer import Gazetteer
from ingest.places.dump.assemble import Imported
from ingest.places.dump.swapping import swap_in
from tests.locations.dump import Unwatched

Made = tuple[Imported, Gazetteer]
Import = Callable[[Path], Made]


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> PackedFile:
    """The packaged borders with few names, so that an import takes a second."""
    packaged = PackedFile(DEFAULT_PATH)
    texts = ["countries", "regions", *(f"{level}.{tag}" for level in ("country", "region") for tag in ("en", "de"))]
    arrays = [group + name for group in ("zone.", "border.") for name in packaged.names(group)]
    path = tmp_path_factory.mktemp("base") / "places.bin"
    parts = {name: packaged.text(name).decode() for name in texts} | {name: packaged.array(name) for name in arrays}
    write(path, {"version": "base", "sources": packaged.manifest["sources"]}, parts, effort=1)
    return PackedFile(path)


@pytest.fixture
def importing(base: PackedFile, tmp_path: Path) -> Import:
    def run(folder: Path) -> Made:
        data = tmp_path / "data"
        data.mkdir(exist_ok=True)
        imported = swap_in(folder, base, data, Unwatched())
        assert [f.name for f in data.iterdir()] == ["places.bin"]
        return imported, Gazetteer.open(data / "places.bin")

    return run
