"""Every setting of the gateway, read from the environment (`PHOTOS_...`) and checked at start. Nothing secret is here."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

_SLASHES = 2


class UnusableSettings(Exception):
    """Settings that must not serve; the text is one sentence for the person who made them."""


class Profile(Enum):
    """How much is exposed (DECISIONS 5)."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


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
        if self.host not in {"127.0.0.1", "::1", "localhost"} and not self.expose:
            raise ValueError(f"host {self.host} is reachable from outside: set PHOTOS_EXPOSE=true if that is wanted")
        return self

    def check_profile(self) -> None:
        """Raises `UnusableSettings` where these settings must not serve."""
        if self.profile is Profile.PRODUCTION:
            raise UnusableSettings(
                "The production profile cannot run on the embedded engines: it refuses the development issuer of tokens "
                "and a root key that lies beside the data. Use PHOTOS_PROFILE=development."
            )

    @property
    def url(self) -> str:
        """Where clients reach us."""
        if self.public_url:
            return self.public_url.rstrip("/")
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "::1": "[::1]"}.get(self.host, self.host)  # noqa: S104
        return f"http://{host}:{self.port}"
