from __future__ import annotations

import json
from pathlib import Path

import pytest

from schema.build import build
from schema.plain_sdl import plain_sdl
from tests.operations.client_operations import operations, reduced
from tests.wire.conftest import Node
from tests.wire.targets import clients_schema

pytestmark = [pytest.mark.node]


def test_relay_and_codegen_compile_every_served_operation(node: Node, tmp_path: Path) -> None:
    folder = tmp_path / "operations"
    folder.mkdir()
    for name, text in reduced().documents.items():
        (folder / name).write_text(text)
    report = compiled(node, tmp_path, clients_schema(), folder)
    assert report["relay"] == report["definitions"]
    assert report["typed"] == len(operations()) > 20


def test_graphql_js_accepts_the_plain_sdl(node: Node, tmp_path: Path) -> None:
    sdl = plain_sdl(build().sdl())
    (tmp_path / "plain.graphql").write_text(sdl)
    built = json.loads(node("build_schema.mjs", str(tmp_path / "plain.graphql")))
    assert built["errors"] == []
    assert built["types"] > 100


def compiled(node: Node, folder: Path, sdl: str, documents: Path) -> dict[str, int]:
    """The number of definitions, and for how many each compiler wrote output."""
    schema = folder / "schema.graphql"
    schema.write_text(sdl)
    report: dict[str, int] = json.loads(node("compile.mjs", str(schema), str(documents), str(folder / "out")).splitlines()[-1])
    return report
