"""Settings: each documented, each refused with a sentence that says what is wrong, none of them secret in print."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
import typer
from pydantic import ValidationError

from commands.app import settings_of
from commands.settings import page
from settings import Profile, Settings, StackName, UnusableSettings

ROOT = Path(__file__).parents[1]
AWS: dict[str, Any] = {"stack": "aws", "opensearch_url": "https://search.example"}
LOCAL: dict[str, Any] = {
    "stack": "local",
    **{
        f"{name}_url": f"http://127.0.0.1:{port}"
        for name, port in zip(("opensearch", "dynamodb", "s3", "kms"), itertools.count(8200))
    },
}
ISSUER = {"name": "https://login.example", "jwks": "https://login.example/keys"}
PASSWORD = "correct horse battery staple"


def test_the_page_of_settings_is_what_the_command_prints_and_each_says_what_it_means() -> None:
    assert (ROOT / "docs" / "settings.md").read_text() == page() + "\n", "photos-gateway settings > docs/settings.md"
    assert all(field.description for field in Settings.model_fields.values())


def test_the_default_is_embedded_engines_and_no_server() -> None:
    assert Settings().engines is None


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"stack": "aws"}, "the stack aws requires PHOTOS_OPENSEARCH_URL"),
        ({**LOCAL, "kms_url": None}, "the stack local requires PHOTOS_KMS_URL"),
        ({**LOCAL, "s3_url": "https://s3.example"}, "s3_url must be on this machine"),
        ({**AWS, "dynamodb_url": "http://10.0.0.7:8000"}, "dynamodb_url must be an https URL"),
        ({"stack": "aws", "opensearch_url": "http://search.example"}, "opensearch_url must be an https URL"),
        ({**AWS, "opensearch_url": "https://me:secret@search.example"}, "without a user"),
        ({**AWS, "opensearch_url": "search.example"}, "a URL must be https"),
        ({**AWS, "opensearch_url": "ftp://search.example"}, "a URL must be https"),
        ({**AWS, "opensearch_url": "https://search.example/path"}, "without a user, a path or a query"),
        ({**AWS, "opensearch_user": "gateway"}, "must be set together"),
        ({**AWS, "opensearch_password": PASSWORD}, "must be set together"),
        ({**AWS, "authorities": "/no/such/file.pem"}, "the file /no/such/file.pem does not exist"),
        ({**AWS, "table_prefix": "a b"}, "table_prefix"),
        ({**AWS, "bucket": "Not A Bucket"}, "bucket"),
        ({**AWS, "region": "everywhere"}, "region"),
        ({"stack": "cloud"}, "stack"),
    ],
)
def test_what_cannot_work_is_refused_with_a_sentence(
    given: dict[str, Any], sentence: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in given.items():
        if value is not None:
            monkeypatch.setenv(f"PHOTOS_{name.upper()}", value)
    with pytest.raises(typer.Exit):
        settings_of()
    printed = capsys.readouterr().err
    assert sentence in printed
    assert printed.count("\n") == 1
    assert PASSWORD not in printed
    assert "secret" not in printed


def test_the_error_of_an_invalid_json_list_does_not_contain_the_value(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHOTOS_ISSUERS", PASSWORD)
    with pytest.raises(typer.Exit):
        settings_of()
    printed = capsys.readouterr().err
    assert "issuers" in printed
    assert PASSWORD not in printed


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "cannot use the embedded engines"),
        (LOCAL, "cannot use the local engines"),
        (AWS, "PHOTOS_ISSUERS"),
        ({**AWS, "issuers": [ISSUER], "kms_url": "http://127.0.0.1:1"}, "Change PHOTOS_KMS_URL"),
        ({**AWS, "issuers": [ISSUER], "opensearch_url": "http://localhost:9200"}, "Change PHOTOS_OPENSEARCH_URL"),
    ],
)
def test_production_refuses_what_is_not_fit_for_it(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UnusableSettings, match=sentence):
        Settings(profile=Profile.PRODUCTION, **given).check_profile()


def test_production_runs_on_real_engines_with_an_issuer() -> None:
    settings = Settings(profile=Profile.PRODUCTION, **{**AWS, "issuers": [ISSUER]})
    settings.check_profile()
    assert settings.engines is not None
    assert (settings.engines.local, settings.engines.follow, settings.engines.dynamodb_url) == (False, False, None)


def test_secrets_are_never_printed() -> None:
    settings = Settings(**{**AWS, "opensearch_user": "gateway", "opensearch_password": PASSWORD})
    assert settings.engines is not None
    assert settings.engines.search_password == PASSWORD
    for printed in (
        repr(settings),
        str(settings),
        repr(settings.engines),
        settings.model_dump_json(),
        str(settings.model_dump()),
    ):
        assert PASSWORD not in printed
    with pytest.raises(ValidationError) as refused:
        Settings(**{**AWS, "opensearch_password": PASSWORD})
    assert PASSWORD not in str(refused.value)


def test_local_servers_update_the_index_unless_disabled() -> None:
    local = Settings(**LOCAL)
    assert local.stack is StackName.LOCAL
    assert local.engines is not None
    assert (local.engines.local, local.engines.follow) == (True, True)
    printed = Settings(**LOCAL, follow_changes=False).engines
    assert printed is not None
    assert not printed.follow
