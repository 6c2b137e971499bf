"""Every setting of the gateway, read from the environment (`PHOTOS_...`) and checked at start. Nothing secret is here."""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

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

    model_config = SettingsConfigDict(env_prefix="PHOTOS_", extra="ignore", frozen=True)

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

    translator: Literal["none", "amazon"] = Field(default="none", description="The machine for words that no table knows")
    translator_region: str = Field(default="us-east-1", description="Region of Amazon Translate")
    translator_endpoint: str | None = Field(default=None, description="Address of Amazon Translate; AWS's own unless told")
    translator_terminologies: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Custom terminologies of Amazon Translate, with commas between them"
    )
    translator_deadline_s: float = Field(default=1.0, gt=0, le=10, description="Seconds to wait for a translation")
    translator_personal: bool = Field(
        default=False, description="Whether what customers type may be sent to the translator; services' terms always may"
    )

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

    @field_validator("issuers")
    @classmethod
    def _known_apart(cls, given: tuple[Issuer, ...]) -> tuple[Issuer, ...]:
        if len({i.name for i in given}) < len(given) or any(i.name.startswith("urn:photos:") for i in given):
            raise ValueError("issuers must have names of their own")
        if sum("customer" in i.kinds for i in given) > 1:
            raise ValueError("only one issuer may speak for customers: `sub` is the customer's id, whoever says it")
        return given

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
        if self.profile is Profile.PRODUCTION:
            raise UnusableSettings(
                "The production profile cannot run on the embedded engines: it refuses the development issuer of tokens "
                "and a root key that lies beside the data. Use PHOTOS_PROFILE=development."
            )
        if (name := production_nearby(os.environ)) is not None:
            raise UnusableSettings(
                f"{name} looks like production, and the development profile gives tokens to whoever reaches this machine: "
                "it refuses to start beside it."
            )

    @property
    def url(self) -> str:
        """Where clients reach us."""
        if self.public_url:
            return self.public_url.rstrip("/")
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "::1": "[::1]"}.get(self.host, self.host)  # noqa: S104
        return f"http://{host}:{self.port}"
