"""Prompts: a text file with the instruction, examples and placeholders for the conversation."""

from __future__ import annotations

import hashlib
import importlib.resources
import re
from dataclasses import dataclass
from pathlib import Path

from disco_pyserini.conversation import Conversation
from disco_pyserini.errors import InputError

_PLACES = re.compile(r"\{(history|utterance)\}")
_NO_HISTORY = "(none)"


@dataclass(frozen=True, slots=True)
class Prompt:
    """A template. ``{history}`` is replaced with the earlier turns, ``{utterance}`` with the last utterance."""

    template: str

    @property
    def sha256(self) -> str:
        """SHA-256 of the template; stored with every rewrite."""
        return hashlib.sha256(self.template.encode()).hexdigest()

    @property
    def examples(self) -> frozenset[str]:
        """The lines of the template, with and without a label such as ``Rewritten question:`` in front."""
        lines = [_one_line(line) for line in self.template.splitlines()]
        return frozenset(lines) | {line.partition(": ")[2] for line in lines}

    def fill(self, conversation: Conversation) -> str:
        """Return the text for the language model.

        The history is one line for each utterance (``User: …``) and response (``System: …``), oldest first, ``(none)``
        at the first turn. Placeholders within an utterance are not filled.
        """
        lines = []
        for turn in conversation.turns[:-1]:
            lines.append(f"User: {_one_line(turn.utterance)}")
            if turn.response and turn.response.strip():
                lines.append(f"System: {_one_line(turn.response)}")
        values = {"history": "\n".join(lines) or _NO_HISTORY, "utterance": _one_line(conversation.utterance)}
        return _PLACES.sub(lambda place: values[place[1]], self.template)


def read_prompt(path: Path) -> Prompt:
    """Read a template; strip surrounding white space.

    Raises:
        InputError: the file cannot be read, or lacks one of the two placeholders.
    """
    try:
        template = path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as problem:
        raise InputError(f"{path}: no UTF-8 text could be read: {problem}: check the path") from problem
    found = set(_PLACES.findall(template))
    if missing := [place for place in ("history", "utterance") if place not in found]:
        raise InputError(
            f"{path}: expected the places {{history}} and {{utterance}}, without {', '.join(missing)} "
            "the model would not see the conversation"
        )
    return Prompt(template)


def default_prompt() -> Prompt:
    """Return the template that comes with this package."""
    return read_prompt(Path(str(importlib.resources.files("disco_pyserini.rewriting"))) / "templates" / "default.txt")


def _one_line(text: str) -> str:
    return " ".join(text.split())
