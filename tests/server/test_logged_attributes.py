"""Every attribute that the code gives to a log line appears in the line."""

from __future__ import annotations

import ast
import json
import logging
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from execution.errors import ErrorMapper
from serving.logs import ALLOWED, JsonLines

ROOT = Path(__file__).parents[2]


def modules() -> Iterator[tuple[str, ast.Module]]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in listed.stdout.split():
        if not name.startswith(("tests/", "benchmarks/")) and (ROOT / name).exists():
            yield name, ast.parse((ROOT / name).read_text("utf-8"))


def attributes(value: ast.expr, scope: ast.AST) -> set[str]:
    """The keys of `extra`: of a dict literal, or of all dicts that the enclosing module assigns to its name."""
    if isinstance(value, ast.Dict):
        return {ast.literal_eval(key) for key in value.keys if key is not None}
    if isinstance(value, ast.DictComp):
        return set(ast.literal_eval(value.generators[0].iter))
    if isinstance(value, ast.Name):
        assigned = [
            node.value
            for node in ast.walk(scope)
            if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign)
            and node.value is not None
            and value.id in {ast.unparse(t) for t in (node.targets if isinstance(node, ast.Assign) else [node.target])}
        ]
        assert assigned, f"no dict is assigned to {value.id}"
        return set().union(*(attributes(one, scope) for one in assigned))
    raise AssertionError(f"the attributes of {ast.unparse(value)} cannot be listed: give `extra` a dict literal")


def logged_attributes(tree: ast.Module) -> set[str]:
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and "log" in ast.unparse(node.func).lower())
    return set().union(*(attributes(k.value, tree) for call in calls for k in call.keywords if k.arg == "extra"))


def test_every_logged_attribute_is_allowed_and_every_allowed_one_is_logged() -> None:
    found = {name: logged_attributes(tree) for name, tree in modules()}
    dropped = {name: used - set(ALLOWED) for name, used in found.items() if used - set(ALLOWED)}
    assert dropped == {}, "serving.logs.ALLOWED does not list these attributes, so the log drops them"
    assert set(ALLOWED) - set().union(*found.values()) == set(), "no call logs these attributes"


def test_the_walk_finds_literals_and_assembled_dicts() -> None:
    assert logged_attributes(ast.parse('_log.error("x", extra={"secret": 1})')) == {"secret"}
    assembled = 'f: dict = {"a": 1}\nf |= {"b": 2}\nf |= {n: s[n] for n in ("c", "d")}\n_log.log(10, "x", extra=f)'
    assert logged_attributes(ast.parse(assembled)) == {"a", "b", "c", "d"}
    with pytest.raises(AssertionError):
        logged_attributes(ast.parse('_log.error("x", extra=made())'))


def test_the_line_of_an_internal_error_names_its_class_and_places_but_not_its_text(caplog: pytest.LogCaptureFixture) -> None:
    try:
        int("canary")
    except ValueError as error:
        (sent,) = ErrorMapper().internal_errors(error)
    (record,) = caplog.records
    line = json.loads(JsonLines().format(record))
    assert (line["level"], line["error"], line["error_id"]) == (logging.getLevelName(40), "ValueError", sent["extensions"]["id"])
    assert line["places"][-1].startswith("test_logged_attributes.py:")
    assert "canary" not in json.dumps(line)
