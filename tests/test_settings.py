"""Settings: each documented, each refused with a sentence that says what is wrong, none of them secret in print."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any, get_args

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
PRODUCTION: dict[str, Any] = {**AWS, "issuers": [ISSUER], "public_url": "https://photos.example"}
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
    settings = Settings(profile=Profile.PRODUCTION, **PRODUCTION)
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


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("audit_bucket", "photos-gateway", "must differ"),
        ("audience", "", "audience"),
        ("audience", " ", "audience"),
        ("public_url", "javascript:alert(1)", "public URL must be"),
        ("public_url", "https://", "public URL must be"),
        ("public_url", "https:///path", "public URL must be"),
        ("public_url", "//photos.example", "public URL must be"),
        ("public_url", f"https://me:{PASSWORD}@photos.example", "public URL must be"),
        ("public_url", "https://photos.example/?a=b", "public URL must be"),
        ("public_url", "https://photos.example\r\nx: y", "public URL must be"),
        ("public_url", "https://photos.example:99999", "public URL must be"),
        ("public_url", "http://photos.example", "public URL with https"),
        ("public_url", None, "requires the public URL"),
        ("public_url", "", "requires the public URL"),
        ("allowed_origins", ("http://photos.example",), "https origins"),
        ("allowed_origins", ("*",), "is not an origin"),
        ("allowed_origins", ("https://*.example",), "is not an origin"),
        ("allowed_origins", ("https://",), "is not an origin"),
        ("allowed_origins", ("null",), "is not an origin"),
        ("issuers", ({**ISSUER, "jwks": f"https://me:{PASSWORD}@login.example/keys"},), "without a user and a password"),
        ("issuers", ({**ISSUER, "jwks": "http://127.0.0.1/keys"},), "https addresses of issuers"),
        ("issuers", ({**ISSUER, "jwks": "http://login.example/keys"},), "https URL"),
        ("issuers", ({**ISSUER, "jwks": "https://"},), "with a host"),
        ("issuers", ({**ISSUER, "jwks": "file:///etc/passwd"},), "https URL"),
        ("issuers", ({**ISSUER, "name": "http://login.example"},), "https addresses of issuers"),
        ("issuers", ({**ISSUER, "name": f"https://me:{PASSWORD}@login.example"},), "without a user and a password"),
        ("issuers", ({**ISSUER, "audience": ""},), "audience"),
        ("translator_url", "http://127.0.0.1:9", "PHOTOS_TRANSLATOR_URL"),
        ("translator_region", "x.attacker.example/", "translator_region"),
        ("locations_region", "x.attacker.example/", "locations_region"),
    ],
)
def test_production_refuses_values_that_are_dangerous_without_a_sign(name: str, value: Any, sentence: str) -> None:
    with pytest.raises((UnusableSettings, ValidationError), match=sentence) as refused:
        Settings(profile=Profile.PRODUCTION, **{**PRODUCTION, name: value}).check_profile()
    assert PASSWORD not in str(refused.value)


NUMBERS = [
    name for name, field in Settings.model_fields.items() if {int, float} & {*get_args(field.annotation), field.annotation}
]
ZERO_IS_SAFE = {"port", "max_rendition_bytes", "max_aliases"}
"""Zero means any free port, no cache, and no aliases."""


@pytest.mark.parametrize("name", NUMBERS)
def test_every_number_has_a_least_and_a_largest_value(name: str) -> None:
    """This walks the settings, so a new number without bounds fails here."""
    for value in ("inf", "-inf", "nan", "1e308", "-1", *(() if name in ZERO_IS_SAFE else ("0",))):
        with pytest.raises(ValidationError, match=name):
            Settings(profile=Profile.PRODUCTION, **{**PRODUCTION, name: value})


def test_numbers_are_found() -> None:
    assert {"deadline_s", "rate_per_s", "rate_burst", "max_cost", "max_body_bytes", "max_answer_bytes"} <= set(NUMBERS)


@pytest.mark.parametrize("profile", ["development", "production"])
@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("PHOTOS_RATE_PER_SECOND", "PHOTOS_RATE_PER_SECOND is not a setting: did you mean PHOTOS_RATE_PER_S"),
        ("PHOTOS_PROFIL", "did you mean PHOTOS_PROFILE"),
        ("PHOTOS_METRIC_TOKEN", "did you mean PHOTOS_METRICS_TOKEN"),
        ("PHOTOS_ZZZ", "prints all of them"),
    ],
)
def test_a_misspelt_name_is_refused_with_the_nearest(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, sentence: str, profile: str
) -> None:
    monkeypatch.setenv(name, PASSWORD)
    with pytest.raises(UnusableSettings, match=sentence) as refused:
        Settings(profile=Profile(profile), **(PRODUCTION if profile == "production" else {})).check_profile()
    assert PASSWORD not in str(refused.value)
    with pytest.raises(typer.Exit):
        settings_of()
    assert sentence in capsys.readouterr().err


def test_names_of_settings_and_of_make_servers_are_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"PHOTOS_SERVERS_CACHE": "/tmp", "photos_port": "8001", "PHOTOS_AUDIENCE": "photos"}.items():
        monkeypatch.setenv(name, value)
    Settings().check_profile()
