"""Each store of customers' data declares how it is erased, exported, backed up and tested; one that does not fails at import."""

from __future__ import annotations

import fnmatch
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import datasources
from datasources import STORES, TABLES
from datasources.media.port import MediaKey
from datasources.non_table_stores import OTHER_ENTRIES
from datasources.stored_data import Backup, Erasure, Export, StoredData
from datasources.tables.store import Table
from indexing.open_stores import open_exclusive
from resolvers.erasing import erasure_rules
from resolvers.erasing.store_docs import BEGIN, END, store_table
from resolvers.exporting import sections

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "datasources" / "__init__.py"


@pytest.fixture
def planted() -> Iterator[ModuleType]:
    """A module in which changed source text is executed."""
    module = ModuleType("planted_module")
    sys.modules[module.__name__] = module
    yield module
    del sys.modules[module.__name__]


def run(source: str, module: ModuleType) -> None:
    exec(compile(source, "planted", "exec"), module.__dict__)


def declared(**changed: object) -> StoredData:
    fields: dict[str, object] = {
        "name": "planted", "holds": "x", "classes": (), "erased": Erasure("x"), "exported": Export(text="x"),
        "backed_up": Backup.INCLUDED, "proven": ("x",),
    }  # fmt: skip
    return StoredData(**{**fields, **changed})  # type: ignore[arg-type]


def test_a_table_without_a_declaration_cannot_be_defined() -> None:
    with pytest.raises(TypeError, match="missing 1 required keyword-only argument: 'stored'"):
        Table("planted")  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"erased": Erasure("")}, "how a customer is erased"),
        ({"exported": Export()}, "sections of an export"),
        ({"proven": ()}, "tests"),
    ],
)
def test_a_declaration_leaves_nothing_open(changed: dict[str, object], said: str) -> None:
    with pytest.raises(TypeError, match=said):
        declared(**changed)


def test_a_field_of_sources_without_a_declaration_fails_at_import(planted: ModuleType) -> None:
    source = SOURCES.read_text()
    run(source, planted)
    field = "    now_ms: Callable[[], int]"
    assert source.count(field) == 1
    with pytest.raises(TypeError, match="`planted` must declare"):
        run(source.replace(field, f"    planted: MediaStore\n{field}"), planted)


def test_a_store_whose_erasure_or_export_nothing_implements_fails_at_import(
    planted: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datasources, "STORES", (*STORES, declared(erased=Erasure("x", step="planted"))))
    with pytest.raises(TypeError, match="planted"):
        run(Path(str(erasure_rules.__file__)).read_text(), planted)
    monkeypatch.setattr(datasources, "STORES", (*STORES, declared(exported=Export(("planted",)))))
    with pytest.raises(TypeError, match="planted"):
        run(Path(str(sections.__file__)).read_text(), planted)


def test_every_table_and_every_test_that_a_declaration_names_exists() -> None:
    names = {store.name for store in STORES}
    assert {t.stored.name for t in TABLES if isinstance(t.stored, StoredData)} <= names
    for store in STORES:
        for test in store.proven:
            assert "def test_" in (ROOT / test).read_text(), f"{store.name}: {test}"


async def test_every_entry_of_a_data_folder_belongs_to_a_declared_store(tmp_path: Path) -> None:
    async with open_exclusive(tmp_path, "a test") as sources:
        await sources.keys.ensure("ana")

        async def data() -> object:
            yield b"x"

        await sources.media.put(MediaKey("ana", "ab" * 16), data())  # type: ignore[arg-type]
        await sources.results.put(MediaKey("ana", "file"), data())  # type: ignore[arg-type]
        found = {entry.name for entry in tmp_path.iterdir()}  # noqa: ASYNC240 - a test
    patterns = [*OTHER_ENTRIES, *(entry for store in STORES for entry in store.entries)]
    unknown = {name for name in found if not any(fnmatch.fnmatch(name, pattern) for pattern in patterns)}
    assert unknown == set()
    assert {"media", "results", "index", "keys", "tables.sqlite"} <= found


def test_the_documentation_has_the_table_of_declarations() -> None:
    text = (ROOT / "docs" / "erase.md").read_text("utf-8")
    assert text[text.index(BEGIN) : text.index(END) + len(END)] == store_table(), (
        "docs/erase.md is older than the declarations: replace its table by the output of "
        '`python -c "from resolvers.erasing.store_docs import store_table; print(store_table())"`'
    )
