"""The settings of the gateway, read from the environment (`PHOTOS_...`) and validated at start. Secrets are never printed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from datasources.aws.stack import Stack
from datasources.vendors import AmazonPlaces, AmazonTranslate, ExternalServices, RemoteLocations
from production_settings import checked_public_url, has_plain_host, production_refusals, unknown_name

_REGION = r"^[a-z]{2}(-[a-z]+)+-\d$"
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
_CLOUD = ("AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_NAME", "ECS_CONTAINER_METADATA_URI_V4", "ECS_CONTAINER_METADATA_URI")
Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]


class UnusableSettings(Exception):
    """The settings do not allow the server to start; the text says what to change."""


class Profile(Enum):
    """Development exposes introspection, GraphiQL and development tokens; production does not."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class Issuer(BaseModel):
    """An external token issuer (OpenID Connect): the requirements for its tokens and the names of its claims."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, description="The issuer (`iss`) of its tokens, compared exactly")
    jwks: str = Field(description="URL of its JSON Web Key Set: https, or http on the same machine")
    algorithms: tuple[Algorithm, ...] = Field(
        default=("RS256",), min_length=1, description="Allowed signature algorithms; symmetric ones are not allowed"
    )
    audience: str | None = Field(
        default=None, min_length=1, description="The audience (`aud`) of its tokens; default: the gateway's audience"
    )
    types: tuple[Literal["at+jwt", "jwt"], ...] = Field(
        default=("at+jwt",), min_length=1, description="Allowed token types (`typ`)"
    )
    kinds: tuple[Literal["customer", "service"], ...] = Field(
        default=("customer",), min_length=1, description="Kinds of callers it may issue tokens for"
    )
    kind_claim: str = Field(
        default="kind", description="The claim with the kind of caller; required if it issues tokens for both kinds"
    )
    scope_claim: str = Field(
        default="scope", description="The claim with the scopes: a string separated by spaces, or a list of strings"
    )
    purpose_claim: str = Field(default="purpose", description="The claim with the purpose of a service")

    @field_validator("jwks")
    @classmethod
    def _safe(cls, given: str) -> str:
        parts = urlsplit(given)
        local = parts.hostname in _LOOPBACK
        if not has_plain_host(given):
            raise ValueError("the address of a key set must be an https URL with a host, without a user and a password")
        if parts.scheme != "https" and not (parts.scheme == "http" and local):
            raise ValueError(f"{given} must be an https URL")
        return given

    @field_validator("name")
    @classmethod
    def _without_password(cls, given: str) -> str:
        if "://" in given and not has_plain_host(given):
            raise ValueError("the name of an issuer that is a URL must have a host, without a user and a password")
        return given


class StackName(Enum):
    """The engines of the data sources."""

    EMBEDDED = "embedded"
    LOCAL = "local"
    AWS = "aws"


def production_indicator(environ: Mapping[str, str]) -> str | None:
    """Returns the name of an environment variable of a cloud, or of a real key service or store; None if there is none."""
    if (name := next((n for n in _CLOUD if environ.get(n)), None)) is not None:
        return name
    ours = {name: value for name, value in environ.items() if name.startswith(("PHOTOS_", "AWS_ENDPOINT_URL"))}
    ours = {name: value for name, value in ours.items() if not name.startswith("PHOTOS_TRANSLATOR")}  # holds nobody's data
    local = any("ENDPOINT" in name and urlsplit(value).hostname in _LOOPBACK for name, value in ours.items())
    real = (n for n, v in ours.items() if "amazonaws.com" in v or (v.startswith("arn:aws:kms:") and not local))
    return next(real, None)


class Settings(BaseSettings):
    """The settings; the defaults are those of `make run`."""

    model_config = SettingsConfigDict(env_prefix="PHOTOS_", extra="ignore", frozen=True, hide_input_in_errors=True)

    profile: Profile = Field(default=Profile.DEVELOPMENT, description="Profile: `development` or `production`")
    data: Path = Field(
        default=Path(".data"), description="Data folder: the embedded engines and the keys of the gateway's own token issuers"
    )
    host: str = Field(
        default="127.0.0.1", description="Address to listen on; an address other than loopback requires `PHOTOS_EXPOSE=true`"
    )
    port: int = Field(default=8000, ge=0, le=65_535, description="Port to listen on")
    expose: bool = Field(default=False, description="Allows an address other than loopback, for containers")
    public_url: str | None = Field(default=None, description="Public URL of the gateway; default: the address it listens on")
    allowed_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Origins of browser applications (CORS), separated by commas; default: none"
    )
    keep_alive_s: int = Field(
        default=75,
        ge=1,
        le=3_600,
        description="Seconds until an idle connection is closed; longer than the idle timeout of the load balancer (often 60)",
    )
    audience: str = Field(default="photos-data-gateway", pattern=r"^\S+$", description="The required audience (`aud`) of tokens")
    deadline_s: float = Field(
        default=10.0, gt=0, le=120, allow_inf_nan=False, description="Deadline of a request in seconds, at most 120"
    )
    max_body_bytes: int = Field(
        default=262_144, gt=0, le=16_777_216, description="Maximum size of a request body in bytes, at most 16 MiB"
    )
    max_rendition_bytes: int = Field(
        default=536_870_912,
        ge=0,
        le=2**50,
        description="Maximum bytes of the rendition cache in the data folder (least recently used is removed)",
    )
    max_answer_bytes: int = Field(
        default=4_194_304, ge=1_024, le=268_435_456, description="Maximum size of a response in bytes, at most 256 MiB"
    )
    max_tokens: int = Field(
        default=500, ge=50, le=10_000, description="Maximum number of tokens in a document that is not on the safelist"
    )
    max_listed_tokens: int = Field(
        default=2_000, ge=50, le=20_000, description="Maximum number of tokens in a document on the safelist"
    )
    max_depth: int = Field(default=10, ge=5, le=30, description="Maximum depth of nested fields in an operation")
    max_aliases: int = Field(
        default=30, ge=0, le=1_000, description="Maximum number of aliases in an operation, fragments expanded"
    )
    max_root_fields: int = Field(default=10, ge=1, le=100, description="Maximum number of root fields in an operation")
    max_cost: float = Field(
        default=25_000,
        ge=1_000,
        le=10_000_000,
        allow_inf_nan=False,
        description="Maximum cost of an operation in cost units, at most 10,000,000",
    )
    rate_per_s: float | None = Field(
        default=None,
        gt=0,
        le=1e9,
        allow_inf_nan=False,
        description="Rate limit of each caller in cost units per second; default: 5,000 in production, 2,000,000 in development",
    )
    rate_burst: float | None = Field(
        default=None,
        gt=0,
        le=1e10,
        allow_inf_nan=False,
        description="Maximum burst of a caller in cost units, at least `PHOTOS_MAX_COST`; default: ten seconds of the rate",
    )
    ad_hoc_documents: bool | None = Field(
        default=None,
        description="Allows documents that are not on the safelist; default: true in development, false in production",
    )
    auth_in_sdl: bool = Field(default=False, description="Adds the federation authorization directives to `_service.sdl`")
    issuers: tuple[Issuer, ...] = Field(default=(), description="External token issuers as a JSON list (docs/identity.md)")
    node_in_sdl: bool = Field(default=True, description="Includes `Query.node` and `Query.nodes` in `_service.sdl`")
    stack: StackName = Field(
        default=StackName.EMBEDDED,
        description="Engines: `embedded` (no server), `local` (`make servers`) or `aws` (DynamoDB, S3, KMS, OpenSearch)",
    )
    region: str = Field(default="us-east-1", pattern=_REGION, description="AWS region")
    table_prefix: str = Field(
        default="photos-", pattern=r"^[A-Za-z0-9_.-]{1,100}$", description="Prefix of the names of the DynamoDB tables"
    )
    bucket: str = Field(
        default="photos-gateway", pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", description="S3 bucket for media"
    )
    audit_bucket: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$",
        description="S3 bucket for the audit log (write once); default: the media bucket's name followed by `-audit`",
    )
    key_id: str = Field(
        default="alias/photos-gateway", min_length=1, max_length=2_048, description="KMS key: id, ARN or `alias/...`"
    )
    dynamodb_url: str | None = Field(default=None, description="URL of DynamoDB; default: the endpoint of the region")
    s3_url: str | None = Field(default=None, description="URL of S3; default: the endpoint of the region")
    kms_url: str | None = Field(default=None, description="URL of KMS; default: the endpoint of the region")
    opensearch_url: str | None = Field(default=None, description="URL of OpenSearch; required unless the stack is `embedded`")
    opensearch_user: str | None = Field(
        default=None, min_length=1, description="User name for OpenSearch, if it requires authentication"
    )
    opensearch_password: SecretStr | None = Field(
        default=None, min_length=1, description="Password of the OpenSearch user; never printed"
    )
    opensearch_admin_user: str | None = Field(
        default=None,
        min_length=1,
        description="Master user of OpenSearch, with whom `provision` creates the OpenSearch user",
    )
    opensearch_admin_password: SecretStr | None = Field(
        default=None, min_length=1, description="Password of the master user; never printed, and not needed by the server"
    )
    opensearch_index: str = Field(default="photos", pattern=r"^[a-z][a-z0-9-]{0,100}$", description="Alias of the photo index")
    authorities: Path | None = Field(
        default=None, description="File with the trusted CA certificates (PEM); default: the system's certificates"
    )
    metrics_token: SecretStr | None = Field(
        default=None,
        min_length=20,
        description="Bearer token for `/metrics`; default: only clients on the same machine may read it",
    )
    follow_changes: bool | None = Field(
        default=None,
        description="The server updates the search index; default: false on `aws`, where a Lambda function does",
    )

    translator: Literal["none", "amazon"] = Field(
        default="none", description="Translator for words that are not in the built-in tables: `none` or `amazon`"
    )
    translator_region: str = Field(default="us-east-1", pattern=_REGION, description="AWS region of Amazon Translate")
    translator_url: str | None = Field(default=None, description="URL of Amazon Translate; default: the endpoint of the region")
    translator_terminologies: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Custom terminologies of Amazon Translate, separated by commas"
    )
    translator_deadline_s: float = Field(
        default=1.0, gt=0, le=10, allow_inf_nan=False, description="Deadline of a translation in seconds"
    )
    translator_personal: bool = Field(
        default=False, description="Allows sending customers' search terms to the translator; terms of services are always sent"
    )

    locations: Literal["embedded", "http", "amazon"] = Field(
        default="embedded",
        description="Location service: `embedded` (this process), `http` (a separate service) or `amazon` (Amazon Location)",
    )
    locations_url: str | None = Field(default=None, description="URL of the location service or of Amazon Location")
    locations_token_file: Path | None = Field(default=None, description="File with the bearer token for the location service")
    locations_region: str = Field(default="us-east-1", pattern=_REGION, description="AWS region of Amazon Location")
    locations_deadline_s: float = Field(
        default=2.0, gt=0, le=30, allow_inf_nan=False, description="Deadline of a location request in seconds"
    )

    @field_validator("allowed_origins", "translator_terminologies", mode="before")
    @classmethod
    def _listed(cls, given: object) -> object:
        return tuple(o.strip() for o in given.split(",") if o.strip()) if isinstance(given, str) else given

    @field_validator("allowed_origins")
    @classmethod
    def _origins(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        for origin in given:
            # "*" would allow every website to read responses.
            parts = urlsplit(origin)
            rest = parts.path or parts.query or parts.fragment
            if parts.scheme not in {"https", "http"} or not has_plain_host(origin) or rest or "*" in origin:
                raise ValueError(f"{origin} is not an origin such as https://photos.example")
        return given

    @field_validator("public_url")
    @classmethod
    def _openable(cls, given: str | None) -> str | None:
        return checked_public_url(given)

    @model_validator(mode="after")
    def _two_buckets(self) -> Settings:
        if self.audit_bucket == self.bucket:
            raise ValueError(
                "the audit log must have a bucket of its own, because its records are locked and media must be deletable: "
                "PHOTOS_AUDIT_BUCKET and PHOTOS_BUCKET must differ"
            )
        return self

    @model_validator(mode="after")
    def _loopback_only(self) -> Settings:
        if self.host not in _LOOPBACK and not self.expose:
            raise ValueError(f"host {self.host} is reachable from other machines: set PHOTOS_EXPOSE=true to allow this")
        return self

    @field_validator("dynamodb_url", "s3_url", "kms_url", "opensearch_url", "translator_url", "locations_url")
    @classmethod
    def _address(cls, given: str | None) -> str | None:
        """Rejects URLs with a password, because errors print the URL."""
        if given is None or given == "":
            return None
        parts = urlsplit(given)
        if (
            parts.scheme not in {"http", "https"}
            or not parts.hostname
            or parts.username
            or parts.query
            or parts.path not in {"", "/"}
        ):
            raise ValueError("a URL must be https://HOST or https://HOST:PORT, without a user, a path or a query")
        return given.rstrip("/")

    @field_validator("authorities")
    @classmethod
    def _readable(cls, given: Path | None) -> Path | None:
        if given is not None and not given.is_file():
            raise ValueError(f"the file {given} does not exist")
        return given

    @model_validator(mode="after")
    def _engines(self) -> Settings:
        addresses = self._addresses()
        if self.stack is not StackName.EMBEDDED and self.opensearch_url is None:
            raise ValueError(f"the stack {self.stack.value} requires PHOTOS_OPENSEARCH_URL")
        if (self.opensearch_user is None) != (self.opensearch_password is None):
            raise ValueError("PHOTOS_OPENSEARCH_USER and PHOTOS_OPENSEARCH_PASSWORD must be set together")
        if (self.opensearch_admin_user is None) != (self.opensearch_admin_password is None):
            raise ValueError("PHOTOS_OPENSEARCH_ADMIN_USER and PHOTOS_OPENSEARCH_ADMIN_PASSWORD must be set together")
        missing = [name for name, url in addresses.items() if url is None]
        if self.stack is StackName.LOCAL and missing:
            raise ValueError(f"the stack local requires PHOTOS_{missing[0].upper()}: `make run STACK=local` sets it")
        far = [name for name, url in addresses.items() if url is not None and not _on_this_machine(url)]
        if self.stack is StackName.LOCAL and far:
            raise ValueError(f"the stack local may be emptied at any time, so {far[0]} must be on this machine")
        plain = [name for name in far if str(addresses[name]).startswith("http:")]
        if plain:
            raise ValueError(f"{plain[0]} must be an https URL, because personal data is sent to it")
        return self

    def _addresses(self) -> dict[str, str | None]:
        return {name: getattr(self, name) for name in ("opensearch_url", "dynamodb_url", "s3_url", "kms_url")}

    @field_validator("issuers")
    @classmethod
    def _known_apart(cls, given: tuple[Issuer, ...]) -> tuple[Issuer, ...]:
        if len({i.name for i in given}) < len(given) or any(i.name.startswith("urn:photos:") for i in given):
            raise ValueError("issuers must have different names, and names must not begin with urn:photos:")
        if sum("customer" in i.kinds for i in given) > 1:
            raise ValueError("only one issuer may issue tokens for customers, because `sub` alone identifies the customer")
        return given

    @model_validator(mode="after")
    def _places(self) -> Settings:
        if self.locations == "http" and (self.locations_url is None or self.locations_token_file is None):
            raise ValueError("locations=http requires PHOTOS_LOCATIONS_URL and PHOTOS_LOCATIONS_TOKEN_FILE")
        for name in ("locations_url", "translator_url"):
            url = getattr(self, name)
            if url is not None and url.startswith("http:") and not _on_this_machine(url):
                raise ValueError(f"{name} must be an https URL, because personal data is sent to it")
        return self

    @model_validator(mode="after")
    def _burst(self) -> Settings:
        if self.rate_burst is not None and self.rate_burst < self.max_cost:
            raise ValueError("rate_burst must be at least max_cost, otherwise the largest operation would always be rejected")
        return self

    @property
    def development(self) -> bool:
        """Whether the profile is development."""
        return self.profile is Profile.DEVELOPMENT

    @property
    def rate(self) -> tuple[float, float]:
        """The rate limit: cost units per second, and the burst."""
        per_s = self.rate_per_s or (2_000_000 if self.development else 5_000)
        return per_s, self.rate_burst or max(10 * per_s, self.max_cost + 1)

    @property
    def ad_hoc(self) -> bool:
        """Whether documents that are not on the safelist are allowed."""
        return self.development if self.ad_hoc_documents is None else self.ad_hoc_documents

    def check_profile(self) -> None:
        """Raises `UnusableSettings` if the server must not start with these settings."""
        if self.development:
            if self.stack is StackName.AWS:
                raise UnusableSettings(
                    "The development profile issues tokens to every client of this machine, so it cannot use the stack aws. "
                    "Set PHOTOS_PROFILE=production."
                )
            if (name := production_indicator(os.environ)) is not None:
                raise UnusableSettings(
                    f"{name} looks like production, and the development profile issues tokens to every client of this machine. "
                    f"Unset {name} or set PHOTOS_PROFILE=production."
                )
            check_names(os.environ)
            return
        check_names(os.environ)
        if self.stack is not StackName.AWS:
            raise UnusableSettings(
                f"The production profile cannot use the {self.stack.value} engines: the embedded ones store the root key next to "
                "the data, the local ones are for tests. Set PHOTOS_STACK=aws or PHOTOS_PROFILE=development."
            )
        if not self.issuers:
            raise UnusableSettings(
                "The production profile does not accept development tokens. Set PHOTOS_ISSUERS (docs/identity.md)."
            )
        plain = [name for name, url in self._addresses().items() if url is not None and url.startswith("http:")]
        if plain:
            raise UnusableSettings(f"The production profile requires https URLs. Change PHOTOS_{plain[0].upper()}.")
        for sentence in production_refusals(self):
            raise UnusableSettings(sentence)

    @property
    def engines(self) -> Stack | None:
        """The production engines; None for the embedded engines."""
        if self.stack is StackName.EMBEDDED:
            return None
        local = self.stack is StackName.LOCAL
        return Stack(
            region=self.region,
            prefix=self.table_prefix,
            bucket=self.bucket,
            audit_bucket_name=self.audit_bucket,
            key_id=self.key_id,
            search_url=self.opensearch_url or "",
            index=self.opensearch_index,
            dynamodb_url=self.dynamodb_url,
            s3_url=self.s3_url,
            kms_url=self.kms_url,
            search_user=self.opensearch_user,
            search_password=_plain(self.opensearch_password),
            search_admin_user=self.opensearch_admin_user,
            search_admin_password=_plain(self.opensearch_admin_password),
            authorities=self.authorities,
            local=local,
            follow=local if self.follow_changes is None else self.follow_changes,
        )

    @property
    def vendors(self) -> ExternalServices:
        """The configured external services."""
        translate = AmazonTranslate(
            self.translator_region,
            self.translator_url,
            self.translator_terminologies,
            self.translator_deadline_s,
            self.translator_personal,
        )
        places: RemoteLocations | AmazonPlaces | None = None
        if self.locations == "amazon":
            places = AmazonPlaces(self.locations_region, self.locations_url, self.locations_deadline_s)
        elif self.locations_url is not None and self.locations_token_file is not None and self.locations == "http":
            places = RemoteLocations(self.locations_url, self.locations_token_file, self.locations_deadline_s, self.authorities)
        return ExternalServices(translate if self.translator == "amazon" else None, places)

    @property
    def url(self) -> str:
        """The public URL of the gateway."""
        if self.public_url:
            return self.public_url.rstrip("/")
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "::1": "[::1]"}.get(self.host, self.host)  # noqa: S104
        return f"http://{host}:{self.port}"


def check_names(environ: Mapping[str, str]) -> None:
    """Raises `UnusableSettings` for a variable `PHOTOS_...` that is not a setting, because it would have no effect."""
    sentence = unknown_name(environ, frozenset(Settings.model_fields))
    if sentence is not None:
        raise UnusableSettings(sentence)


def _on_this_machine(url: str) -> bool:
    return urlsplit(url).hostname in _LOOPBACK


def _plain(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()
