"""Retrieve in a LangChain chain, from the chat history instead of the last question (pip install langchain-core).

Before: `disco demo`. Then: python examples/09_langchain.py [demo]
"""

import sys
from operator import itemgetter
from typing import Any

from langchain_core.documents import Document
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnablePassthrough

from disco_pyserini import Conversation, DiscoSearcher

[folder] = sys.argv[1:] or ["demo"]


class DiscoRetriever(BaseRetriever):
    """Finds documents for a list of messages, the last of which is the question."""

    searcher: Any
    k: int = 2

    def _get_relevant_documents(self, messages, *, run_manager):
        hits = self.searcher.search(Conversation.from_messages(messages), self.k)
        return [Document(page_content=hit.text, id=hit.docid, metadata={"score": hit.score}) for hit in hits]


prompt = ChatPromptTemplate([("system", "Answer from these passages:\n{passages}"), MessagesPlaceholder("messages")])
history = [
    HumanMessage("How did Lerduvale come into being?"),
    AIMessage("Lerduvale was founded in 1381 by salt traders."),
]

with DiscoSearcher(f"{folder}/index") as searcher:
    retrieve = itemgetter("messages") | DiscoRetriever(searcher=searcher)
    join = retrieve | (lambda documents: "\n".join(document.page_content for document in documents))
    chain = RunnablePassthrough.assign(passages=join) | prompt  # | your chat model
    answer = chain.invoke({"messages": [*history, HumanMessage("Is it chilly there in winter?")]})
print(answer.to_string())
