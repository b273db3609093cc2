"""A LangChain retriever that reads the chat history, so that no language model has to rewrite the question."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from disco_pyserini.extras import check_extra

check_extra("langchain", "the LangChain retriever")

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import Field

from disco_pyserini.conversation import Conversation
from disco_pyserini.search import DiscoSearcher


class DiscoRetriever(BaseRetriever):
    """Finds documents for a chat: ``retriever.invoke(messages)``, or ``await retriever.ainvoke(messages)``.

    The input is a list of messages (LangChain's or OpenAI's), of which the last one from the user is the question, or
    a text. A document has the text of the passage, its id, and the metadata ``score``. Asynchronous calls run in the
    threads of LangChain's executor.

    Attributes:
        searcher: an open `disco_pyserini.DiscoSearcher`, which you close.
        k: how many documents to find.

    Raises:
        InputError: the messages have no question (see `disco_pyserini.Conversation.from_messages`), or ``k`` is
            below 1.
        DiscoError: the searcher is closed.
    """

    searcher: DiscoSearcher = Field(exclude=True)
    k: int = 4

    def _get_relevant_documents(
        self, query: str | Iterable[Any], *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        question = query if isinstance(query, str) else Conversation.from_messages(query)
        hits = self.searcher.search(question, self.k)
        return [Document(page_content=hit.text or "", id=hit.docid, metadata={"score": hit.score}) for hit in hits]
