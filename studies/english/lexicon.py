"""Which words are nouns, verbs or adjectives, and what kind of thing a noun names: WordNet 3.0 without a library.

Debian's package ``wordnet-base`` installs the files in ``/usr/share/wordnet``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from disco_pyserini.errors import InputError

_PARTS = {"noun": "n", "verb": "v", "adj": "a", "adv": "r"}
_SUFFIXES = {
    "noun": (("ies", "y"), ("ches", "ch"), ("shes", "sh"), ("ses", "s"), ("xes", "x"), ("men", "man"), ("s", "")),
    "verb": (
        ("ies", "y"), ("ied", "y"), ("es", "e"), ("es", ""), ("s", ""),
        ("ed", "e"), ("ed", ""), ("ing", "e"), ("ing", ""),
    ),
}  # fmt: skip

_ARTICLES = frozenset({"a", "an", "the"})

# Words that name other things too: a plant is a factory first, and a tree a diagram.
_ORGANISMS = frozenset({"plant", "tree", "flower", "animal"})

# Words that a person would use for a thing of this kind ("the disease"), by WordNet's own word for it.
KINDS = {
    "disease": "disease", "disorder": "condition", "symptom": "symptom", "injury": "injury",
    "medicine": "drug", "drug": "drug", "vitamin": "vitamin", "hormone": "hormone",
    "dog": "dog breed", "bird": "bird", "fish": "fish", "insect": "insect", "snake": "snake", "mammal": "animal",
    "reptile": "animal", "animal": "animal", "tree": "tree", "flower": "flower", "plant": "plant",
    "fruit": "fruit", "vegetable": "vegetable", "beverage": "drink", "dish": "dish", "food": "food",
    "muscle": "muscle", "bone": "bone", "gland": "gland", "organ": "organ", "body_part": "body part",
    "city": "city", "american_state": "state", "country": "country", "river": "river", "mountain": "mountain",
    "island": "island", "lake": "lake", "region": "region",
    "chemical_element": "element", "chemical_compound": "compound", "mineral": "mineral", "rock": "rock",
    "leader": "leader", "writer": "writer", "musician": "musician", "actor": "actor", "scientist": "scientist",
    "occupation": "job", "person": "person",
    "war": "war", "battle": "battle", "sport": "sport", "game": "game", "musical_instrument": "instrument",
    "language": "language", "religion": "religion", "vehicle": "vehicle", "device": "device", "garment": "garment",
    "software": "program",
    "organization": "organization", "law": "law", "document": "document", "unit_of_measurement": "unit",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Lexicon:
    """Words of the language.

    Attributes:
        uses: how often a word (a base form, in lower case) is used as each part of speech, most frequent first.
        irregular: base forms of irregular plurals and verb forms, by part of speech and form.
        kinds: for a noun (words joined by spaces), WordNet's words for what it is in its most frequent sense, from the
            most specific one to the most general.
        names: nouns, in lower case, that are written with a capital in their most frequent sense.
    """

    uses: dict[str, tuple[str, ...]]
    irregular: dict[tuple[str, str], str] = field(default_factory=dict)
    kinds: dict[str, tuple[str, ...]] = field(default_factory=dict)
    names: frozenset[str] = frozenset()

    def parts(self, word: str) -> tuple[str, ...]:
        """Return the parts of speech of a word in any form, the most frequent first; none for an unknown word."""
        found = list(self.uses.get(word, ()))
        for part in _SUFFIXES:
            if part not in found and self.base(word, part) != word:
                found.append(part)
        return tuple(found)

    def base(self, word: str, part: str) -> str:
        """Return the base form of a plural or a verb form, or the word itself."""
        if (part, word) in self.irregular:
            return self.irregular[part, word]
        for suffix, ending in _SUFFIXES[part]:
            stem = word.removesuffix(suffix)
            if stem != word and len(stem) > 1:
                candidates = [stem + ending]
                if not ending and len(stem) > 3 and stem[-1] == stem[-2]:
                    candidates.append(stem[:-1])
                for candidate in candidates:
                    if part in self.uses.get(candidate, ()):
                        return candidate
        return word

    def kind(self, phrase: str) -> str | None:
        """Return an everyday word for what a noun phrase names, such as ``disease``; None if it is not known."""
        head = phrase.split()[-1] if phrase else ""
        names = self.hypernyms(phrase) or self.hypernyms(head)
        for name in (self.base(head.lower(), "noun"), *names):
            if name in KINDS and (name not in _ORGANISMS or "organism" in names):
                return KINDS[name]
        return None

    def lowered(self, phrase: str) -> str:
        """Write a phrase from the beginning of a sentence as it is written inside one."""
        first, space, rest = phrase.partition(" ")
        lower = first.lower()
        common = lower in _ARTICLES or (
            first[1:] == first[1:].lower()
            and self.parts(lower) != ()
            and not {lower, self.base(lower, "noun"), phrase.lower()} & self.names
            and (not rest or rest == rest.lower())
        )
        return lower + space + rest if common else phrase

    def hypernyms(self, phrase: str) -> tuple[str, ...]:
        """Return WordNet's words for what a noun names, from specific to general."""
        phrase = phrase.lower()
        if phrase in self.kinds:
            return self.kinds[phrase]
        *before, last = phrase.split() or [""]
        return self.kinds.get(" ".join((*before, self.base(last, "noun"))), ())


def read_wordnet(folder: Path) -> Lexicon:
    """Read WordNet's dictionary files.

    Raises:
        InputError: a file is missing.
    """
    if not (folder / "index.noun").is_file():
        raise InputError(
            f"{folder}: expected WordNet's files (index.noun, …), found none: Debian's wordnet-base has them"
        )
    counts: dict[str, dict[str, int]] = {}
    for part in _PARTS:
        for line in _lines(folder / f"index.{part}"):
            fields = line.split()
            pointers = int(fields[3])
            tagged = int(fields[5 + pointers])
            counts.setdefault(fields[0], {})[part] = tagged
    for line in _lines(folder / "cntlist.rev"):
        key, _, number = line.split()
        word, _, sense = key.partition("%")
        part = {"1": "noun", "2": "verb", "3": "adj", "4": "adv", "5": "adj"}[sense[0]]
        if part in counts.get(word, {}):
            counts[word][part] += 10 * int(number)
    uses = {
        word.replace("_", " "): tuple(sorted(found, key=lambda part: (-found[part], part)))
        for word, found in counts.items()
    }
    irregular = {}
    for part in _SUFFIXES:
        for line in _lines(folder / f"{part}.exc"):
            form, base, *_ = line.split()
            irregular[part, form.replace("_", " ")] = base.replace("_", " ")
    kinds, names = _nouns(folder)
    return Lexicon(uses, irregular, kinds, names)


def _nouns(folder: Path) -> tuple[dict[str, tuple[str, ...]], frozenset[str]]:
    names: dict[str, str] = {}
    above: dict[str, str] = {}
    capital: set[tuple[str, str]] = set()
    for line in _lines(folder / "data.noun"):
        fields = line.partition(" | ")[0].split()
        words = int(fields[3], 16)
        names[fields[0]] = fields[4].lower()
        capital.update((fields[0], word.lower()) for word in fields[4 : 4 + 2 * words : 2] if word[0].isupper())
        pointers = fields[5 + 2 * words :]
        for sign, target in zip(pointers[0::4], pointers[1::4], strict=False):
            if sign in {"@", "@i"}:
                above.setdefault(fields[0], target)

    @cache
    def chain(synset: str) -> tuple[str, ...]:
        parent = above.get(synset)
        return () if parent is None else (names[parent], *chain(parent))

    kinds, proper = {}, set[str]()
    for line in _lines(folder / "index.noun"):
        fields = line.split()
        first = fields[6 + int(fields[3])]
        word = fields[0].replace("_", " ")
        kinds[word] = chain(first)
        if (first, fields[0]) in capital:
            proper.add(word)
    return kinds, frozenset(proper)


def _lines(path: Path) -> Iterator[str]:
    with path.open(encoding="latin-1") as file:
        for line in file:
            if not line.startswith("  ") and line.strip():
                yield line
