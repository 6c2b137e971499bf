# ruff: noqa: D102 - methods are documented in the port
"""The default translator, which translates nothing."""

from __future__ import annotations

from collections.abc import Sequence

from datasources.translations.port import MachineText, Translator


class NullTranslator(Translator):
    """Returns None for every term and sends nothing."""

    @property
    def takes_personal_text(self) -> bool:
        return False

    async def translate(self, terms: Sequence[str], source: str | None, target: str) -> Sequence[MachineText | None]:
        del source, target
        return [None] * len(terms)

    async def close(self) -> None:
        """Does nothing."""
