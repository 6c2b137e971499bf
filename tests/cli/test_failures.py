"""Error messages of commands for unavailable sources."""

from __future__ import annotations

import pytest

import cli
from datasources.errors import SourceError, Unavailable

LOCAL = {
    "PHOTOS_STACK": "local",
    **{f"PHOTOS_{name}_URL": "http://127.0.0.1:9" for name in ("OPENSEARCH", "DYNAMODB", "S3", "KMS")},
}


def error_of(capsys: pytest.CaptureFixture[str], error: SourceError) -> str:
    def run() -> None:
        raise error

    assert cli._exit_code(run) == 1
    return capsys.readouterr().err


def test_messages_name_the_folder_or_the_server(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    failed = Unavailable("tables", "the connection failed (ConnectTimeout)")
    monkeypatch.delenv("PHOTOS_STACK", raising=False)
    assert error_of(capsys, failed) == "The data folder's tables cannot be used: the connection failed (ConnectTimeout).\n"
    assert error_of(capsys, Unavailable("locations", "no")) == "The source locations cannot be used: no.\n"
    for name, value in LOCAL.items():
        monkeypatch.setenv(name, value)
    assert error_of(capsys, failed) == "DynamoDB (tables) cannot be used: the connection failed (ConnectTimeout).\n"
    assert error_of(capsys, Unavailable("locations", "no")) == "The source locations cannot be used: no.\n"
    monkeypatch.setenv("PHOTOS_STACK", "nonsense")
    assert error_of(capsys, failed).startswith("The data folder's tables")
