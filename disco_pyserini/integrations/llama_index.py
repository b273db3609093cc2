"""A LlamaIndex retriever that reads the chat engine's memory, so that no language model has to rewrite the question."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from disco_pyserini.extras import check_extra

check_extra("llama-index", "the LlamaIndex retriever")

from llama_index.core.llms import ChatMessage, MessageRole
from llama_index.core.memory import BaseMemory
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from disco_pyserini.conversation import Conversation
from disco_pyserini.search import DiscoSearcher


class DiscoRetriever(BaseRetriever):
    """Finds nodes for a question and the chat before it: ``retriever.retrieve(question)``, or ``await …aretrieve(…)``.

    LlamaIndex hands a retriever the question alone. With the memory of a chat engine, such as ``ContextChatEngine``,
    the retriever reads the earlier messages there. A node has the passage's text, its id, and the score.

    Args:
        searcher: an open `disco_pyserini.DiscoSearcher`, which you close.
        k: how many nodes to find.
        memory: the chat engine's memory; None to search with the question alone.

    Raises:
        InputError: the question is empty, or ``k`` is below 1.
        DiscoError: the searcher is closed.
    """

    def __init__(self, searcher: DiscoSearcher, k: int = 4, memory: BaseMemory | None = None) -> None:
        super().__init__()
        self.searcher = searcher
        self.k = k
        self.memory = memory

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return self._search(query_bundle.query_str, self.memory.get_all() if self.memory else [])

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        history = await self.memory.aget_all() if self.memory else []
        return await asyncio.to_thread(self._search, query_bundle.query_str, history)

    def _search(self, question: str, history: Sequence[ChatMessage]) -> list[NodeWithScore]:
        messages = [*history, ChatMessage(question, role=MessageRole.USER)]
        conversation = Conversation.from_messages(
            {"role": message.role.value, "content": message.content} for message in messages
        )
        return [
            NodeWithScore(node=TextNode(id_=hit.docid, text=hit.text or ""), score=hit.score)
            for hit in self.searcher.search(conversation, self.k)
        ]
