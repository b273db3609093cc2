"""Invented names, put together from word parts.

The name of an entity is a function of its number: a number is scrambled by a permutation drawn from the world's seed
and then spelled in mixed radix, one digit per word part. Different numbers therefore never share a name, and no list
of the names already given has to be kept. The parts alternate runs of consonants and runs of vowels, so that two
different choices of parts never spell the same word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd, prod
from random import Random

_ONSETS = (
    *("b", "br", "c", "cl", "d", "dr", "f", "fl", "g", "gr", "h", "k", "l", "m", "n"),
    *("p", "pr", "r", "s", "sk", "st", "t", "th", "tr", "v", "w", "z"),
)
_VOWELS = ("a", "e", "i", "o", "u", "ae", "ei", "au")
_MEDIALS = (
    *("l", "ld", "ll", "lm", "lv", "m", "mb", "n", "nd", "nn", "nt", "r", "rb", "rd", "rk", "rn", "rr", "rth", "rv"),
    *("s", "sk", "ss", "st", "t", "v", "z", "ck", "b", "g"),
)
_LINKS = ("a", "e", "i", "o", "u")
_SURNAME_ENDS = (
    *("rin", "len", "mond", "dal", "net", "son", "vic", "ger", "tano", "reth", "lius", "bary", "ska", "ling", "voss"),
    *("mer", "rado", "nelli", "quist", "zar", "nova", "lund", "rell", "man", "berg", "vane", "tor", "shaw", "court"),
    "strom",
)
_PLACE_ENDS = (
    *(
        "ford",
        "wick",
        "holm",
        "mere",
        "haven",
        "burg",
        "ton",
        "vale",
        "mouth",
        "stead",
        "by",
        "field",
        "gate",
        "bridge",
    ),
    *("more", "port", "dale", "cross", "well", "stow", "minster", "thorpe", "beck", "combe", "den", "worth", "borough"),
    *("ness", "rook", "landing"),
)
_HOUSE_ENDS = (
    *(
        "mar",
        "lux",
        "nor",
        "dane",
        "rex",
        "phen",
        "dell",
        "verne",
        "tide",
        "line",
        "gard",
        "tec",
        "bris",
        "corre",
        "mont",
    ),
    *(
        "var",
        "sol",
        "quay",
        "trix",
        "bell",
        "fane",
        "loft",
        "ring",
        "mark",
        "vault",
        "spire",
        "trell",
        "pax",
        "dor",
        "kin",
    ),
)
_FIRST_STEMS = (
    *("Mar", "Ael", "Tess", "Cor", "Lin", "Bel", "Dor", "El", "Fen", "Gal", "Hel", "Is", "Jor", "Kar", "Lor"),
    *("Mel", "Nor", "Or", "Per", "Ros", "Sil", "Tam", "Ul", "Ver", "Wil", "Yar", "Zel", "Ad", "Ben", "Cass"),
)
_SHE_ENDS = ("ina", "a", "ette", "iel", "isa", "wen", "ora", "ilda", "anne", "ilia")
_HE_ENDS = ("o", "en", "us", "ric", "an", "ander", "mund", "iah", "win", "ek")

_ADJECTIVES = (
    *("Forgotten", "Reluctant", "Sapphire", "Homeless", "Inherited", "Moonlit", "Tardy", "Honest", "Uninvited", "Tiny"),
    *("Copper", "Silent", "Crooked", "Hollow", "Winter", "Scarlet", "Drowned", "Patient", "Blind", "Burning", "Narrow"),
    *("Frozen", "Restless", "Ivory", "Broken", "Wandering", "Gilded", "Paper", "Salted", "Ninth", "Last", "Sleeping"),
    *("Borrowed", "Velvet", "Thirsty", "Hidden", "Iron", "Amber", "Gentle", "Feathered", "Stolen", "Painted", "Humble"),
    *(
        "Midnight",
        "Rusted",
        "Laughing",
        "Barefoot",
        "Distant",
        "Marble",
        "Faithful",
        "Wooden",
        "Lonely",
        "Glass",
        "Bitter",
    ),
    *(
        "Ragged",
        "Floating",
        "Pale",
        "Thousandth",
        "Unfinished",
        "Golden",
        "Quiet",
        "Tangled",
        "Secret",
        "Double",
        "Lost",
    ),
    *("Shattered", "Mossy", "Brave", "Idle", "Spotted", "Upturned", "Whispering", "Cold", "Emerald", "Dusty", "Proud"),
    *("Sunken", "Weeping", "Clockwork", "Hungry", "Northern", "Singing", "Buried", "Woven", "Crimson", "Sober", "Vast"),
)
_NOUNS = (
    *("Trumpet", "Granary", "Falcon", "Lagoon", "Miller", "Teapot", "Circus", "Puppet", "Ruin", "Vineyard"),
    *("Lantern", "Orchard", "Bell", "Heron", "Staircase", "Mirror", "Ferry", "Violin", "Garden", "Compass", "Widow"),
    *(
        "Harvest",
        "Anchor",
        "Ladder",
        "Clock",
        "Candle",
        "Fox",
        "Bridge",
        "Island",
        "Kettle",
        "Needle",
        "Shadow",
        "Tower",
    ),
    *("Sparrow", "Key", "River", "Umbrella", "Beekeeper", "Window", "Mill", "Cradle", "Feather", "Bonfire", "Glove"),
    *(
        "Harbour",
        "Apple",
        "Stranger",
        "Map",
        "Tunnel",
        "Carpet",
        "Whale",
        "Letter",
        "Forest",
        "Thimble",
        "Owl",
        "Saddle",
    ),
    *("Door", "Shepherd", "Pearl", "Wheel", "Bridegroom", "Lighthouse", "Stone", "Rope", "Meadow", "Drum", "Thorn"),
    *(
        "Cathedral",
        "Sister",
        "Horse",
        "Spoon",
        "Basket",
        "Chimney",
        "Moth",
        "Crown",
        "Sailor",
        "Wolf",
        "Cellar",
        "Ribbon",
    ),
    *("Carriage", "Fountain", "Tailor", "Snowfall", "Oath", "Swan", "Barrel", "Pilgrim", "Garland", "Hound", "Marsh"),
)
_TITLES: tuple[tuple[str, tuple[Sequence[str], ...]], ...] = (
    ("The {0} {1}", (_ADJECTIVES, _NOUNS)),
    ("The {0} and the {1} {2}", (_NOUNS, _ADJECTIVES, _NOUNS)),
    ("One {0} for the {1} {2}", (_NOUNS, _ADJECTIVES, _NOUNS)),
    ("Beyond the {0} {1}", (_ADJECTIVES, _NOUNS)),
    ("Song of the {0} {1}", (_ADJECTIVES, _NOUNS)),
    ("The {1} {2} of the {0}", (_NOUNS, _ADJECTIVES, _NOUNS)),
)


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
        stem = (_ONSETS, _VOWELS, _MEDIALS, _LINKS)
        return cls(
            surnames=Speller.draw((*stem, _SURNAME_ENDS), rng),
            places=Speller.draw((*stem, _PLACE_ENDS), rng),
            houses=Speller.draw((*stem, _HOUSE_ENDS), rng),
            titles=tuple(Speller.draw(parts, rng) for _, parts in _TITLES),
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
        turn, pattern = divmod(number, len(_TITLES))
        return _TITLES[pattern][0].format(*self.titles[pattern].digits(turn))


def first_name(rng: Random, feminine: bool) -> str:
    """An invented first name."""
    return rng.choice(_FIRST_STEMS) + rng.choice(_SHE_ENDS if feminine else _HE_ENDS)


def river_name(rng: Random) -> str:
    """An invented name for a river or a region: not unique."""
    return (rng.choice(_ONSETS) + rng.choice(_VOWELS) + rng.choice(_MEDIALS) + rng.choice(_LINKS)).capitalize()
