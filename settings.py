"""Every setting of the gateway, read from the environment (`PHOTOS_...`) and checked at start. Nothing secret is here."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


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
    allowed_origins: tuple[str, ...] = Field(default=(), description="Origins of browser apps (CORS); none unless told")
    audience: str = Field(default="photos-data-gateway", description="The `aud` that tokens must carry")
    deadline_s: float = Field(default=10.0, gt=0, description="Seconds a request may take in all")
    max_body_bytes: int = Field(default=262_144, gt=0, description="Largest request body")
    node_in_sdl: bool = Field(default=True, description="Whether `_service.sdl` has Query.node and Query.nodes")

    @model_validator(mode="after")
    def _loopback_only(self) -> Settings:
        if self.host not in {"127.0.0.1", "::1", "localhost"} and not self.expose:
            raise ValueError(f"host {self.host} is reachable from outside: set PHOTOS_EXPOSE=true if that is wanted")
        return self

    @property
    def url(self) -> str:
        """Where clients reach us."""
        return self.public_url or f"http://{self.host}:{self.port}"
