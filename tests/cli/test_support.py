"""The commands `photos-gateway support`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.test_commands import one_sentence, records, run, summary

pytestmark = pytest.mark.slow
WHO = ("--customer", "ana", "--number", "4711")


def test_a_ticket_is_opened_and_closed(tmp_path: Path) -> None:
    data = tmp_path / "data"
    summary(run("import", records(tmp_path / "r.jsonl", 1), "--owner", "ana", "--data", data))
    given = ("--reason", "photos are missing", "--agent", "sam", "--data", data)
    opened = run("support", "open", *WHO, *given)
    assert (opened.returncode, opened.stderr) == (0, "")
    assert opened.stdout.count(".") == 2
    assert len(opened.stdout.split()) == 1
    one_sentence(run("support", "open", *WHO, *given), "4711", "already open")
    one_sentence(run("support", "open", *WHO, *given, "--classes", "location"), "operational, time")
    closed = run("support", "close", *WHO, "--data", data)
    assert (closed.returncode, closed.stdout, closed.stderr) == (0, "", "")
    one_sentence(run("support", "close", *WHO, "--data", data), "4711")
