"""A position in several streams with several shards: the last record that was read of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from datasources.errors import Corrupt
from datasources.tables.page_tokens import Tokens

_PURPOSE = ("feed",)
_WIDTH = 3


class Shard(NamedTuple):
    """A shard of a table's stream."""

    table: str
    id: str


class Reached(NamedTuple):
    """The last record read of a shard, by its number ("0": none), and whether there will be no more."""

    number: int
    ended: bool


@dataclass(frozen=True)
class Position:
    """The last record of each shard. Shards that are absent were not read."""

    shards: Mapping[Shard, Reached] = field(default_factory=dict)

    def moved(self, shard: Shard, reached: Reached) -> Position:
        """A position that is further in one shard."""
        return Position({**self.shards, shard: reached})

    def without(self, shards: set[Shard]) -> Position:
        """The position without shards that no longer exist."""
        return Position({s: r for s, r in self.shards.items() if s not in shards})

    def covers(self, other: Position) -> bool:
        """Whether it is at least as far as another in every shard that both name."""
        return all(reached <= self.shards[shard] for shard, reached in other.shards.items() if shard in self.shards)

    def joined(self, other: Position) -> Position:
        """The further of two, shard by shard where neither is it."""
        if other.covers(self):
            return other
        if self.covers(other):
            return self
        both = self.shards.keys() & other.shards.keys()
        return Position({**self.shards, **other.shards, **{s: max(self.shards[s], other.shards[s]) for s in both}})

    def text(self, tokens: Tokens) -> str:
        """Signed; the same position is the same text."""
        flat = [part for shard, (number, ended) in sorted(self.shards.items()) for part in (*shard, f"{'.' * ended}{number}")]
        return tokens.make(_PURPOSE, flat)

    @classmethod
    def read(cls, tokens: Tokens, text: str) -> Position:
        """The position that a text holds; raises `Corrupt` for a text that no feed of this installation gave."""
        flat = tokens.read(_PURPOSE, text)
        if len(flat) % _WIDTH:
            raise Corrupt("tables", "a position that this feed never gave")
        parts = zip(flat[::_WIDTH], flat[1::_WIDTH], flat[2::_WIDTH], strict=True)
        return cls({Shard(table, shard): Reached(int(at.lstrip(".")), at.startswith(".")) for table, shard, at in parts})
