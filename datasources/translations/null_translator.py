# ruff: noqa: D102 - the port's words hold for its methods
"""No machine: what no table knows stays as it is. The default."""

from __future__ import annotations

from collections.abc import Sequence

from datasources.translations.port import MachineText, Translator


class NullTranslator(Translator):
    """Knows nothing, sends nothing."""

    @property
    def takes_personal_text(self) -> bool:
        return False

    async def translate(self, terms: Sequence[str], source: str | None, target: str) -> Sequence[MachineText | None]:
        del source, target
        return [None] * len(terms)

    async def close(self) -> None:
        """Nothing is open."""
