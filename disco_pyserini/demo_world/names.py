"""Invented names, put together from word parts.

The name of an entity is a function of its number: a number is scrambled by a permutation drawn from the world's seed
and then spelled in mixed radix, one digit per word part. Different numbers therefore never share a name, and no list
of used names is kept. The parts alternate runs of consonants and runs of vowels, so that two
different choices of parts never spell the same word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd, prod
from random import Random

from disco_pyserini.demo_world.words import load_words


@dataclass(frozen=True, slots=True)
class Speller:
    """A permutation of ``0 … size-1`` followed by spelling in word parts."""

    parts: tuple[Sequence[str], ...]
    factor: int
    shift: int

    @classmethod
    def draw(cls, parts: tuple[Sequence[str], ...], rng: Random) -> Speller:
        """Draw the permutation."""
        size = prod(map(len, parts))
        factor = rng.randrange(size // 3, size)
        while gcd(factor, size) != 1:
            factor += 1
        return cls(parts, factor, rng.randrange(size))

    @property
    def size(self) -> int:
        """How many different spellings there are."""
        return prod(map(len, self.parts))

    def digits(self, number: int) -> list[str]:
        """The word parts that ``number`` is spelled with."""
        rest = (number * self.factor + self.shift) % self.size
        chosen = []
        for options in self.parts:
            rest, digit = divmod(rest, len(options))
            chosen.append(options[digit])
        return chosen

    def word(self, number: int) -> str:
        """The word parts joined, with a capital."""
        return "".join(self.digits(number)).capitalize()


@dataclass(frozen=True, slots=True)
class Namer:
    """All the names of one world."""

    surnames: Speller
    places: Speller
    houses: Speller
    titles: tuple[Speller, ...]

    @classmethod
    def draw(cls, seed: int) -> Namer:
        """Draw the permutations of the world with this seed."""
        rng = Random(f"{seed}:names")
        parts = load_words().names
        return cls(
            surnames=Speller.draw((*_stem(), parts["surname_ends"]), rng),
            places=Speller.draw((*_stem(), parts["place_ends"]), rng),
            houses=Speller.draw((*_stem(), parts["house_ends"]), rng),
            titles=tuple(
                Speller.draw(tuple(parts[name] for name in title.parts), rng) for title in load_words().titles
            ),
        )

    def surname(self, number: int) -> str:
        """The surname of the person with this number: the lower half of the spellings is kept for entities."""
        return self.surnames.word(number)

    def minor_person(self, rng: Random) -> str:
        """Somebody who is only mentioned: never the name of an entity."""
        number = rng.randrange(self.surnames.size // 2, self.surnames.size)
        return f"{first_name(rng, rng.random() < 0.5)} {self.surnames.word(number)}"

    def place(self, number: int) -> str:
        """The name of the place with this number."""
        return self.places.word(number)

    def house(self, number: int) -> str:
        """The distinguishing word in the name of the organisation with this number."""
        return self.houses.word(number)

    def title(self, number: int) -> str:
        """The title of the work with this number."""
        turn, which = divmod(number, len(self.titles))
        return load_words().titles[which].pattern.format(*self.titles[which].digits(turn))


def first_name(rng: Random, feminine: bool) -> str:
    """An invented first name."""
    parts = load_words().names
    return rng.choice(parts["first_stems"]) + rng.choice(parts["she_ends" if feminine else "he_ends"])


def river_name(rng: Random) -> str:
    """An invented name for a river or a region: not unique."""
    return "".join(rng.choice(parts) for parts in _stem()).capitalize()


def _stem() -> tuple[Sequence[str], ...]:
    names = load_words().names
    return names["onsets"], names["vowels"], names["medials"], names["links"]
