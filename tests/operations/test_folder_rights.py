"""Only its owner may read a data folder, also one that existed with wider rights."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from datasources.data_folder import UnusableFolder, prepare
from tests.cli.test_commands import records, run, summary

ROOT = Path(__file__).parents[2]


def wide(folder: Path) -> list[str]:
    """Every entry that others may open."""
    found = [folder, *folder.rglob("*")]
    return [str(path) for path in found if not path.is_symlink() and path.stat().st_mode & 0o077]


def test_a_folder_that_existed_with_wider_rights_is_tightened(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o755)
    summary(run("import", records(tmp_path / "a.jsonl", 30), "--owner", "ana", "--data", data))
    assert (data / "index").is_dir()
    assert wide(data) == []


def test_what_an_earlier_program_wrote_is_tightened_too(tmp_path: Path) -> None:
    data = prepare(tmp_path / "data")
    for name in ("index", "index.next", "media", "results", "imports", "renditions"):
        (data / name / "below").mkdir(parents=True)
        (data / name / "below" / "file").write_text("")
    for name in ("tables.sqlite", "tables.sqlite-wal", "audit.log", "audit.checkpoints", "issuer.key", "vectors"):
        (data / name).write_text("")
    (data / "link").symlink_to(tmp_path)
    for path in [data, *data.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o777 if path.is_dir() else 0o666)
    before = tmp_path.stat().st_mode
    prepare(data)
    assert wide(data) == []
    assert tmp_path.stat().st_mode == before, "what a link points to is not changed"


def test_a_folder_of_another_program_is_refused_and_not_changed(tmp_path: Path) -> None:
    foreign = tmp_path / "home"
    foreign.mkdir(mode=0o755)
    (foreign / "thesis.doc").write_text("")
    (foreign / "thesis.doc").chmod(0o644)
    with pytest.raises(UnusableFolder, match="files of another program"):
        prepare(foreign)
    assert [p.stat().st_mode & 0o777 for p in (foreign, foreign / "thesis.doc")] == [0o755, 0o644]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")
def test_rights_that_cannot_be_removed_are_refused(tmp_path: Path) -> None:
    data = prepare(tmp_path / "data")
    for path in (data, *data.rglob("*")):
        path.chmod(0o777)
    for path in (tmp_path, *tmp_path.parents):
        if not path.stat().st_mode & 0o001:
            path.chmod(path.stat().st_mode | 0o011)
    code = (
        "import os, sys; from pathlib import Path; from datasources.data_folder import UnusableFolder, prepare\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "try: prepare(Path(sys.argv[1]))\n"
        "except UnusableFolder as e: print(e)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(data)], check=False, capture_output=True, text=True, cwd=ROOT)
    assert "Other users may read" in done.stdout, done.stderr
    assert "chmod -R go=" in done.stdout
