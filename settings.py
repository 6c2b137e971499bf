"""Every setting of the gateway, read from the environment (`PHOTOS_...`) and checked at start. Secrets are never printed."""

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
from datasources.vendors import AmazonPlaces, AmazonTranslate, LocationsElsewhere, Vendors

_SLASHES = 2
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
_CLOUD = ("AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_NAME", "ECS_CONTAINER_METADATA_URI_V4", "ECS_CONTAINER_METADATA_URI")
Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]


class UnusableSettings(Exception):
    """Settings that must not serve; the text is one sentence for the person who made them."""


class Profile(Enum):
    """How much is exposed (DECISIONS 5)."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class Issuer(BaseModel):
    """An issuer of tokens outside (OpenID Connect): what its tokens must be like, and how its claims are read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, description="The `iss` of its tokens, letter by letter")
    jwks: str = Field(description="Where its keys are: https, or http on this machine")
    algorithms: tuple[Algorithm, ...] = Field(
        default=("RS256",), min_length=1, description="Algorithms of signatures; never one with a shared secret"
    )
    audience: str | None = Field(default=None, description="The `aud` of its tokens; the gateway's own unless told")
    types: tuple[Literal["at+jwt", "jwt"], ...] = Field(default=("at+jwt",), min_length=1, description="The `typ` of its tokens")
    kinds: tuple[Literal["customer", "service"], ...] = Field(
        default=("customer",), min_length=1, description="Callers it may speak for"
    )
    kind_claim: str = Field(default="kind", description="The claim that says which; needed where it speaks for both")
    scope_claim: str = Field(default="scope", description="The claim with scopes: a text with spaces, or a list of texts")
    purpose_claim: str = Field(default="purpose", description="The claim with a service's purpose")

    @field_validator("jwks")
    @classmethod
    def _safe(cls, given: str) -> str:
        parts = urlsplit(given)
        local = parts.hostname in _LOOPBACK
        if parts.scheme != "https" and not (parts.scheme == "http" and local):
            raise ValueError(f"{given} is no https address")
        return given


class StackName(Enum):
    """Which engines stand behind the ports."""

    EMBEDDED = "embedded"
    LOCAL = "local"
    AWS = "aws"


def production_nearby(environ: Mapping[str, str]) -> str | None:
    """The name of a variable that says we run in a cloud, or are pointed to a real key service or store; None: no such."""
    if (name := next((n for n in _CLOUD if environ.get(n)), None)) is not None:
        return name
    ours = {name: value for name, value in environ.items() if name.startswith(("PHOTOS_", "AWS_ENDPOINT_URL"))}
    ours = {name: value for name, value in ours.items() if not name.startswith("PHOTOS_TRANSLATOR")}  # holds nobody's data
    local = any("ENDPOINT" in name and urlsplit(value).hostname in _LOOPBACK for name, value in ours.items())
    real = (n for n, v in ours.items() if "amazonaws.com" in v or (v.startswith("arn:aws:kms:") and not local))
    return next(real, None)


class Settings(BaseSettings):
    """Settings with their defaults: what `make run` needs."""

    model_config = SettingsConfigDict(env_prefix="PHOTOS_", extra="ignore", frozen=True, hide_input_in_errors=True)

    profile: Profile = Field(default=Profile.DEVELOPMENT, description="development or production")
    data: Path = Field(default=Path(".data"), description="Folder of the embedded engines and the demo's keys")
    host: str = Field(default="127.0.0.1", description="Address to listen on; other than loopback needs `expose`")
    port: int = Field(default=8000, ge=0, le=65_535, description="Port to listen on")
    expose: bool = Field(default=False, description="Allow listening beyond loopback, for containers")
    public_url: str | None = Field(default=None, description="Where clients reach us; the address unless told")
    allowed_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Origins of browser apps (CORS), with commas between them; none unless told"
    )
    audience: str = Field(default="photos-data-gateway", description="The `aud` that tokens must carry")
    deadline_s: float = Field(default=10.0, gt=0, description="Seconds a request may take in all")
    max_body_bytes: int = Field(default=262_144, gt=0, description="Largest request body")
    max_rendition_bytes: int = Field(
        default=536_870_912,
        ge=0,
        description="Bytes of renditions kept in the data folder; beyond it, what was asked for longest ago goes",
    )
    max_answer_bytes: int = Field(default=4_194_304, ge=1_024, description="Largest answer")
    max_tokens: int = Field(default=500, ge=50, le=10_000, description="Tokens of a document that is not on the safelist")
    max_listed_tokens: int = Field(default=2_000, ge=50, le=20_000, description="Tokens of a document on the safelist")
    max_depth: int = Field(default=10, ge=5, le=30, description="Levels of fields in an operation")
    max_aliases: int = Field(default=30, ge=0, le=1_000, description="Aliases in an operation, fragments expanded")
    max_root_fields: int = Field(default=10, ge=1, le=100, description="Root fields of an operation")
    max_cost: float = Field(default=25_000, ge=1_000, description="Dearest operation, in cost units")
    rate_per_s: float | None = Field(
        default=None, gt=0, description="Cost units a second for each caller; 5,000 in production, 2,000,000 in development"
    )
    rate_burst: float | None = Field(
        default=None, gt=0, description="Cost units a caller may save up; ten seconds' worth unless told, never below max_cost"
    )
    ad_hoc_documents: bool | None = Field(
        default=None, description="Whether documents off the safelist may be sent; only in development unless told"
    )
    auth_in_sdl: bool = Field(default=False, description="Whether `_service.sdl` is the printing with auth directives")
    issuers: tuple[Issuer, ...] = Field(default=(), description="Issuers of tokens, as a JSON list; docs/identity.md")
    node_in_sdl: bool = Field(default=True, description="Whether `_service.sdl` has Query.node and Query.nodes")
    stack: StackName = Field(
        default=StackName.EMBEDDED,
        description="embedded (no server), local (`make servers`), or aws (DynamoDB, S3, KMS, OpenSearch)",
    )
    region: str = Field(default="us-east-1", pattern=r"^[a-z]{2}(-[a-z]+)+-\d$", description="Region of AWS")
    table_prefix: str = Field(
        default="photos-", pattern=r"^[A-Za-z0-9_.-]{1,100}$", description="What the names of our DynamoDB tables begin with"
    )
    bucket: str = Field(
        default="photos-gateway", pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", description="Bucket of S3 for media"
    )
    audit_bucket: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$",
        description="Bucket of S3 for the audit, written once; the bucket's name and `-audit` unless told",
    )
    key_id: str = Field(
        default="alias/photos-gateway", min_length=1, max_length=2_048, description="Key of KMS: id, ARN or `alias/...`"
    )
    dynamodb_url: str | None = Field(default=None, description="Address of DynamoDB; the region's own unless told")
    s3_url: str | None = Field(default=None, description="Address of S3; the region's own unless told")
    kms_url: str | None = Field(default=None, description="Address of KMS; the region's own unless told")
    opensearch_url: str | None = Field(default=None, description="Address of OpenSearch; needed unless the stack is embedded")
    opensearch_user: str | None = Field(default=None, description="User of OpenSearch, where it asks for one")
    opensearch_password: SecretStr | None = Field(default=None, description="Password of that user; never printed")
    opensearch_index: str = Field(
        default="photos", pattern=r"^[a-z][a-z0-9-]{0,100}$", description="Alias of the index of photos"
    )
    authorities: Path | None = Field(
        default=None, description="File of certificates (PEM) whose signatures are trusted instead of the system's"
    )
    metrics_token: SecretStr | None = Field(
        default=None, min_length=20, description="Bearer token that opens /metrics; callers on this machine alone unless told"
    )
    follow_changes: bool | None = Field(
        default=None,
        description="Whether the server brings the index up from the change feed; not on aws, where Lambda does, unless told",
    )

    translator: Literal["none", "amazon"] = Field(default="none", description="The machine for words that no table knows")
    translator_region: str = Field(default="us-east-1", description="Region of Amazon Translate")
    translator_url: str | None = Field(default=None, description="Address of Amazon Translate; the region's own unless told")
    translator_terminologies: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Custom terminologies of Amazon Translate, with commas between them"
    )
    translator_deadline_s: float = Field(default=1.0, gt=0, le=10, description="Seconds to wait for a translation")
    translator_personal: bool = Field(
        default=False, description="Whether what customers type may be sent to the translator; services' terms always may"
    )

    locations: Literal["embedded", "http", "amazon"] = Field(
        default="embedded",
        description="Who finds the places of points: this process, the location service, Amazon Location",
    )
    locations_url: str | None = Field(default=None, description="Address of the location service, or of Amazon Location")
    locations_token_file: Path | None = Field(default=None, description="File with our bearer token for the location service")
    locations_region: str = Field(default="us-east-1", description="Region of Amazon Location")
    locations_deadline_s: float = Field(default=2.0, gt=0, le=30, description="Seconds to wait for places")

    @field_validator("allowed_origins", "translator_terminologies", mode="before")
    @classmethod
    def _listed(cls, given: object) -> object:
        return tuple(o.strip() for o in given.split(",") if o.strip()) if isinstance(given, str) else given

    @field_validator("allowed_origins")
    @classmethod
    def _origins(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        for origin in given:
            # "*" would let every site of the web read answers.
            if not origin.startswith(("https://", "http://")) or origin.count("/") != _SLASHES or "*" in origin:
                raise ValueError(f"{origin} is no origin such as https://photos.example")
        return given

    @model_validator(mode="after")
    def _loopback_only(self) -> Settings:
        if self.host not in _LOOPBACK and not self.expose:
            raise ValueError(f"host {self.host} is reachable from outside: set PHOTOS_EXPOSE=true if that is wanted")
        return self

    @field_validator("dynamodb_url", "s3_url", "kms_url", "opensearch_url", "translator_url", "locations_url")
    @classmethod
    def _address(cls, given: str | None) -> str | None:
        """An address with a password in it would be printed with every error."""
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
            raise ValueError("an address is https://HOST or https://HOST:PORT, without a user, a path or a query")
        return given.rstrip("/")

    @field_validator("authorities")
    @classmethod
    def _readable(cls, given: Path | None) -> Path | None:
        if given is not None and not given.is_file():
            raise ValueError(f"there is no file {given}")
        return given

    @model_validator(mode="after")
    def _engines(self) -> Settings:
        addresses = self._addresses()
        if self.stack is not StackName.EMBEDDED and self.opensearch_url is None:
            raise ValueError(f"the stack {self.stack.value} needs PHOTOS_OPENSEARCH_URL")
        if (self.opensearch_user is None) != (self.opensearch_password is None):
            raise ValueError("opensearch_user and opensearch_password belong together")
        missing = [name for name, url in addresses.items() if url is None]
        if self.stack is StackName.LOCAL and missing:
            raise ValueError(f"the stack local needs PHOTOS_{missing[0].upper()}: `make run STACK=local` sets it")
        far = [name for name, url in addresses.items() if url is not None and not _on_this_machine(url)]
        if self.stack is StackName.LOCAL and far:
            raise ValueError(f"the stack local may be emptied at any time, so {far[0]} must be on this machine")
        plain = [name for name in far if str(addresses[name]).startswith("http:")]
        if plain:
            raise ValueError(f"{plain[0]} must be https: what is sent there is personal")
        return self

    def _addresses(self) -> dict[str, str | None]:
        return {name: getattr(self, name) for name in ("opensearch_url", "dynamodb_url", "s3_url", "kms_url")}

    @field_validator("issuers")
    @classmethod
    def _known_apart(cls, given: tuple[Issuer, ...]) -> tuple[Issuer, ...]:
        if len({i.name for i in given}) < len(given) or any(i.name.startswith("urn:photos:") for i in given):
            raise ValueError("issuers must have names of their own")
        if sum("customer" in i.kinds for i in given) > 1:
            raise ValueError("only one issuer may speak for customers: `sub` is the customer's id, whoever says it")
        return given

    @model_validator(mode="after")
    def _places(self) -> Settings:
        if self.locations == "http" and (self.locations_url is None or self.locations_token_file is None):
            raise ValueError("locations=http needs PHOTOS_LOCATIONS_URL and PHOTOS_LOCATIONS_TOKEN_FILE")
        for name in ("locations_url", "translator_url"):
            url = getattr(self, name)
            if url is not None and url.startswith("http:") and not _on_this_machine(url):
                raise ValueError(f"{name} must be https: what is sent there is personal")
        return self

    @model_validator(mode="after")
    def _burst(self) -> Settings:
        if self.rate_burst is not None and self.rate_burst < self.max_cost:
            raise ValueError("rate_burst is below max_cost: the dearest operation could never be asked")
        return self

    @property
    def development(self) -> bool:
        """Whether everything is shown (DECISIONS 5)."""
        return self.profile is Profile.DEVELOPMENT

    @property
    def rate(self) -> tuple[float, float]:
        """Cost units a second and saved up."""
        per_s = self.rate_per_s or (2_000_000 if self.development else 5_000)
        return per_s, self.rate_burst or max(10 * per_s, self.max_cost + 1)

    @property
    def ad_hoc(self) -> bool:
        """Whether documents off the safelist may be sent."""
        return self.development if self.ad_hoc_documents is None else self.ad_hoc_documents

    def check_profile(self) -> None:
        """Raises `UnusableSettings` where these settings must not serve."""
        if self.development:
            if self.stack is StackName.AWS:
                raise UnusableSettings(
                    "The development profile gives tokens to whoever reaches this machine: it refuses the stack aws. "
                    "Set PHOTOS_PROFILE=production."
                )
            if (name := production_nearby(os.environ)) is not None:
                raise UnusableSettings(
                    f"{name} looks like production, and the development profile gives tokens to whoever reaches this machine: "
                    "it refuses to start beside it."
                )
            return
        if self.stack is not StackName.AWS:
            raise UnusableSettings(
                f"The production profile cannot run on the {self.stack.value} engines: the embedded ones keep a root key beside "
                "the data, the local ones are for tests. Set PHOTOS_STACK=aws, or PHOTOS_PROFILE=development."
            )
        if not self.issuers:
            raise UnusableSettings(
                "The production profile trusts no development issuer of tokens: set PHOTOS_ISSUERS (docs/identity.md)."
            )
        plain = [name for name, url in self._addresses().items() if url is not None and url.startswith("http:")]
        if plain:
            raise UnusableSettings(f"The production profile reaches every source by https: PHOTOS_{plain[0].upper()} is http.")

    @property
    def engines(self) -> Stack | None:
        """The real engines; None where the embedded ones serve."""
        if self.stack is StackName.EMBEDDED:
            return None
        local = self.stack is StackName.LOCAL
        return Stack(
            region=self.region,
            prefix=self.table_prefix,
            bucket=self.bucket,
            audit=self.audit_bucket,
            key_id=self.key_id,
            search_url=self.opensearch_url or "",
            index=self.opensearch_index,
            dynamodb_url=self.dynamodb_url,
            s3_url=self.s3_url,
            kms_url=self.kms_url,
            search_user=self.opensearch_user,
            search_password=self.opensearch_password.get_secret_value() if self.opensearch_password else None,
            authorities=self.authorities,
            local=local,
            follow=local if self.follow_changes is None else self.follow_changes,
        )

    @property
    def vendors(self) -> Vendors:
        """Services of others that are configured."""
        translate = AmazonTranslate(
            self.translator_region,
            self.translator_url,
            self.translator_terminologies,
            self.translator_deadline_s,
            self.translator_personal,
        )
        places: LocationsElsewhere | AmazonPlaces | None = None
        if self.locations == "amazon":
            places = AmazonPlaces(self.locations_region, self.locations_url, self.locations_deadline_s)
        elif self.locations_url is not None and self.locations_token_file is not None and self.locations == "http":
            places = LocationsElsewhere(
                self.locations_url, self.locations_token_file, self.locations_deadline_s, self.authorities
            )
        return Vendors(translate if self.translator == "amazon" else None, places)

    @property
    def url(self) -> str:
        """Where clients reach us."""
        if self.public_url:
            return self.public_url.rstrip("/")
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "::1": "[::1]"}.get(self.host, self.host)  # noqa: S104
        return f"http://{host}:{self.port}"


def _on_this_machine(url: str) -> bool:
    return urlsplit(url).hostname in _LOOPBACK
