"""The syntax of a typed search: quotes mean a phrase, a minus excludes, `OR` joins. Everything else is text."""

from __future__ import annotations

import re
from dataclasses import dataclass

from datasources.words import is_unspaced, tokens

_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»「」『』＂", '"'))
_TERM = re.compile(r'(?:(?<=\s)|^)(?P<minus>-)?"(?P<quoted>[^"]*)"|(?P<word>[^\s"]+|")')
_ELISION = re.compile(r"^((?:l|d|un|dell|nell|all|sull|dall)['’])(?=\w{3})", re.IGNORECASE)
"""A French or Italian article or preposition, as in `l'été`, is a word of its own."""
_OR = "OR"


@dataclass(frozen=True, slots=True)
class Run:
    """Adjacent words of a search. `words[i]` belongs to the typed word `typed[source[i]]`, which may have several tokens."""

    words: tuple[str, ...]
    source: tuple[int, ...]
    typed: tuple[str, ...]
    quoted: bool = False
    excluded: bool = False
    joined: bool = False
    """Whether `OR` stands before the run."""

    def divided(self, at: int) -> bool:
        """Whether a typed word such as `o'brien` continues at this word. Scripts without spaces can be divided anywhere."""
        return 0 < at < len(self.words) and self.source[at] == self.source[at - 1] and not is_unspaced(self.words[at])


def parse(query: str) -> list[Run]:
    """The runs of a query, in order. Terms without any letter, digit or pictograph are left out; it never fails."""
    runs: list[Run] = []
    plain: list[str] = []
    joined = False

    def close() -> None:
        nonlocal joined
        if plain:
            runs.extend(_run(plain, joined=joined))
            joined = False
            plain.clear()

    for found in _TERM.finditer(query.translate(_QUOTES)):
        word, quoted, minus = found["word"], found["quoted"], found["minus"] is not None
        if quoted is not None or (word[0] == "-" and len(word) > 1 and tokens(word[1])):
            close()
            runs += _run(
                [word[1:] if quoted is None else quoted],
                quoted=quoted is not None,
                excluded=minus or quoted is None,
                joined=joined,
            )
            joined = False
        elif word == _OR and (plain or runs):
            close()
            joined = True
        else:
            plain += filter(None, _ELISION.split(word, maxsplit=1))
    close()
    return runs or list(_run([query]))


def _run(typed: list[str], *, quoted: bool = False, excluded: bool = False, joined: bool = False) -> list[Run]:
    """The run of these typed words, or nothing if they have no tokens."""
    pairs = [(token, at) for at, word in enumerate(typed) for token in tokens(word)]
    if not pairs:
        return []
    words, source = zip(*pairs, strict=True)
    return [Run(words, source, tuple(typed), quoted, excluded, joined)]
