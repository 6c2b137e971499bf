"""The command line: commands that need an installation never make one, help by task, and results as JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

import cli
from access.token_scopes import SERVICE_SCOPES
from access.write_permission import WRITE_SCOPE
from commands.app import app
from commands.help_groups import TASKS
from commands.installation import announced
from datasources.data_folder import IndexLock, prepare
from datasources.locations.wire import SCOPE
from schema.introspection import DEVELOPER, ROUTER

MAKES = {("serve",), ("demo",), ("import",), ("places", "import"), ("locations",)}
"""The commands that start or fill an installation."""
ARGUMENTS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("verify",): (),
    ("reindex",): (),
    ("places", "about"): (),
    ("places", "resolve"): (),
    ("token",): ("--customer", "ana"),
    ("support", "open"): ("--customer", "ana", "--number", "1", "--reason", "x", "--agent", "sam"),
    ("support", "close"): ("--customer", "ana", "--number", "1"),
    ("documents", "add"): ("manifest.json", "--client", "web"),
    ("documents", "list"): (),
    ("documents", "retire"): ("--client", "web"),
    ("settings",): (),
    ("schema",): (),
    ("audit", "verify"): (),
    ("audit", "checkpoint"): (),
    ("erase",): ("--customer", "ana", "--yes"),
    ("keys", "rotate"): ("--all",),
    ("provision",): (),
}
NEEDS_NONE = {("places", "about"), ("settings",), ("schema",)}

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Call:
    """Runs a command in an empty folder of this process; returns the exit code and what it wrote."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "runtime"))
    for name in [n for n in os.environ if n.startswith("PHOTOS_") and not n.startswith("PHOTOS_SERVERS_")]:
        monkeypatch.delenv(name)

    def result(*arguments: str) -> tuple[int, str, str]:
        codes: list[int] = []

        def run() -> None:
            try:
                app(list(arguments), prog_name="photos-gateway")
            except SystemExit as e:
                codes.append(int(e.code or 0))

        error = cli._exit_code(run)
        printed = capsys.readouterr()
        return codes[0] if codes else error, printed.out, printed.err

    return result


def commands() -> Iterator[tuple[str, ...]]:
    """The path of every command."""

    def below(command: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        if hasattr(command, "commands"):
            for name, sub in command.commands.items():
                yield from below(sub, (*path, name))
        else:
            yield path

    return below(typer.main.get_command(app), ())


def test_every_command_is_in_these_tables() -> None:
    assert set(commands()) == MAKES | set(ARGUMENTS)
    top = {path[0] for path in commands()}
    assert top == {name for names in TASKS.values() for name in names}
    assert next(iter(TASKS.values())) == ("serve", "import", "demo")


@pytest.mark.parametrize("path", sorted(ARGUMENTS), ids=" ".join)
@pytest.mark.parametrize("folder", ["absent", "empty", "given"])
def test_a_command_that_needs_an_installation_makes_none(call: Call, path: tuple[str, ...], folder: str) -> None:
    work = Path.cwd()
    (work / "manifest.json").write_text('{"x": "{ viewer { kind } }"}')
    if folder == "empty":
        (work / ".data").mkdir()
    takes_data = path not in {("settings",), ("schema",), ("provision",)}
    given = ("--data", str(work / "given")) if folder == "given" and takes_data else ()
    before = sorted(work.rglob("*"))
    code, out, err = call(*path, *ARGUMENTS[path], *given)
    assert sorted(work.rglob("*")) == before
    if path in NEEDS_NONE:
        assert (code, err) == (0, "")
        return
    assert (code, out, err.count("\n")) == (1, "", 1)
    if path != ("provision",):
        assert "photos-gateway serve" in err
        assert "does not exist" in err or "has no installation" in err


def test_the_folder_of_the_running_server_is_found(call: Call, tmp_path: Path) -> None:
    data = prepare(tmp_path / "elsewhere")
    other = prepare(tmp_path / "other")
    lock = IndexLock.take(data, "a server")
    assert lock is not None
    with lock, announced(data):
        code, out, err = call("token", "--customer", "ana")
        assert (code, out.count("."), err) == (0, 2, f"Using the data folder of the running server: {data}\n")
        assert (data / "issuer.key").exists()
        code, out, err = call("token", "--customer", "ana", "--data", "nothing")
        assert (code, out) == (1, "")
        assert str(data) in err
        registry = Path(os.environ["XDG_RUNTIME_DIR"]) / f"photos-gateway-{os.getuid()}"
        (registry / "1").write_text(f"{other}\n")  # the process does not hold the lock of this folder
        assert call("token", "--customer", "ana")[0] == 0
        registry.chmod(0o777)  # others could have written what is in it
        assert call("token", "--customer", "ana")[0] == 1
    assert list(Path.cwd().iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--customer", ""), "--customer must have"),
        (("--customer", "  "), "--customer must have"),
        (("--service", ""), "--service must have"),
        (("--customer", "ana", "--scopes", "photos:read"), "--scopes and --purpose are for services"),
        (("--customer", "ana", "--purpose", "x"), "--scopes and --purpose are for services"),
        (("--guest", "x", "--scopes", "photos:read"), "--scopes and --purpose are for services"),
        (("--service", "etl", "--scopes", "photos:reed"), "There is no scope photos:reed"),
        (("--service", "etl", "--purpose", ""), "--purpose must have"),
    ],
)
def test_a_token_that_would_not_mean_what_was_written_is_refused(call: Call, arguments: tuple[str, ...], sentence: str) -> None:
    data = prepare(Path.cwd() / ".data")
    code, out, err = call("token", *arguments)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert err.startswith(sentence)
    assert not (data / "issuer.key").exists()


def test_every_scope_of_a_service_is_known() -> None:
    assert {WRITE_SCOPE, DEVELOPER, ROUTER, SCOPE, "photos:read", "photos:time", "photos:people"} <= SERVICE_SCOPES


def test_results_are_one_json_object_where_people_script(call: Call) -> None:
    prepare(Path.cwd() / ".data")
    (Path.cwd() / "manifest.json").write_text('{"x": "query Kind { viewer { kind } }"}')
    (Path.cwd() / "a.jsonl").write_text('{"sourceId": "a"}\n')
    assert call("import", "a.jsonl", "--owner", "ana")[0] == 0
    ticket = ("--customer", "ana", "--number", "1")
    for arguments, members in (
        (("token", "--customer", "ana"), {"token", "expiresAt"}),
        (("verify",), {"photos", "agrees"}),
        (("audit", "verify"), {"records", "faults", "unkeyed"}),
        (("documents", "add", "manifest.json", "--client", "web"), {"added", "known"}),
        (("documents", "list"), {"documents"}),
        (("documents", "retire", "--client", "web"), {"retired"}),
        (("support", "open", *ticket, "--reason", "x", "--agent", "sam"), {"token", "expiresAt"}),
        (("support", "close", *ticket), {"closed"}),
    ):
        code, out, err = call(*arguments, "--json")
        assert (code, err) == (0, ""), (arguments, err)
        assert members <= json.loads(out).keys()
        assert out.count("\n") == 1


def test_an_erasure_of_nobody_is_refused_before_it_is_confirmed(call: Call) -> None:
    prepare(Path.cwd() / ".data")
    code, out, err = call("erase", "--customer", "nobody")
    assert (code, out, err) == (1, "", "No customer has this id: check --customer.\n")


@pytest.mark.parametrize(
    "content", [b"nonsense\nmore\n", b"a,b\n1,2\n", b"\x00\x01\x02\xff" * 50_000 + b"\n", b'"text"\n', b"{\n  1\n}\n"]
)
def test_an_import_of_a_file_that_is_not_json_is_refused_once_with_its_path(call: Call, content: bytes) -> None:
    (Path.cwd() / "a.jsonl").write_bytes(content)
    code, out, err = call("import", "a.jsonl", "--owner", "ana")
    assert (code, out, err.count("\n"), err.count("a.jsonl")) == (1, "", 1, 1)
    assert not (Path.cwd() / ".data").exists()


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_begins_with_what_a_new_user_needs(call: Call, option: str) -> None:
    code, out, _ = call(option)
    assert code == 0
    places = [out.index(f"\n  {name} ") for name in ("serve", "import", "demo", "token", "erase", "locations")]
    assert places == sorted(places)
    assert call("support", "open", option)[0] == 0


def test_the_version_and_shell_completion_are_printed(call: Call) -> None:
    code, out, _ = call("--version")
    assert (code, out.split()[0]) == (0, "photos-gateway")
    assert "--install-completion" in call("--help")[1]
