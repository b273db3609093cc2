"""A Haystack component that finds documents for chat messages."""

from __future__ import annotations

from typing import Any

from disco_pyserini.extras import check_extra

check_extra("haystack", "the Haystack component")

from haystack import Document, component
from haystack.dataclasses import ChatMessage

from disco_pyserini.conversation import Conversation
from disco_pyserini.search import DiscoSearcher
from disco_pyserini.search.encoder_names import OWN_ENCODER
from disco_pyserini.search.engine import DEFAULT_ENGINE


@component
class DiscoRetriever:
    """Finds documents for a chat, of which the last message from the user is the question.

    A pipeline with it can be saved as YAML: it opens the index when it is warmed up, or at the first question.

    Args:
        index: the folder of an impact index.
        encoder: the name of the query encoder; ``disco`` for the one that matches the index.
        engine: the name of the engine that searches.
        top_k: how many documents to find.
    """

    def __init__(self, index: str, encoder: str = OWN_ENCODER, engine: str = DEFAULT_ENGINE, top_k: int = 10) -> None:
        self.index = str(index)
        self.encoder = encoder
        self.engine = engine
        self.top_k = top_k
        self._searcher: DiscoSearcher | None = None

    def warm_up(self) -> None:
        """Open the index.

        Raises:
            InputError: the folder is not an index, or the encoder or the engine is unknown or does not fit.
            DiscoError: the engine cannot be started.
        """
        self._open()

    @component.output_types(documents=list[Document])  # type: ignore[untyped-decorator]
    def run(self, messages: list[ChatMessage], top_k: int | None = None) -> dict[str, Any]:
        """Find the documents for a chat.

        Args:
            messages: the chat, oldest message first.
            top_k: how many documents to find; by default, as the component was made.

        Returns:
            ``documents``, best first, with id, content and score.

        Raises:
            InputError: the messages have no question, or ``top_k`` is below 1.
        """
        conversation = Conversation.from_messages(
            {"role": message.role.value, "content": " ".join(message.texts)} for message in messages
        )
        hits = self._open().search(conversation, self.top_k if top_k is None else top_k)
        return {"documents": [Document(id=hit.docid, content=hit.text, score=hit.score) for hit in hits]}

    def close(self) -> None:
        """Close the index; the next question opens it again."""
        if self._searcher:
            self._searcher.close()
            self._searcher = None

    def _open(self) -> DiscoSearcher:
        if self._searcher is None:
            self._searcher = DiscoSearcher(self.index, self.encoder, self.engine)
        return self._searcher
