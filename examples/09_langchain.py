"""Retrieve in a LangChain chain, from the chat history instead of the last question (pip install langchain-core).

Before: `disco demo`. Then: python examples/09_langchain.py [demo]
"""

import sys

from langchain_core.documents import Document
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
from langchain_core.runnables import RunnableLambda, RunnablePassthrough

from disco_pyserini import Conversation, DiscoSearcher

[folder] = sys.argv[1:] or ["demo"]
searcher = DiscoSearcher(f"{folder}/index")


def retrieve(inputs):
    """Find documents for a list of messages."""
    hits = searcher.search(Conversation.from_messages(inputs["messages"]), k=2)
    return [Document(page_content=hit.text, id=hit.docid, metadata={"score": hit.score}) for hit in hits]


def context(inputs):
    return "\n".join(f"[{document.id}] {document.page_content}" for document in inputs["documents"])


prompt = ChatPromptTemplate.from_messages([("system", "Answer from:\n{context}"), MessagesPlaceholder("messages")])
chain = RunnablePassthrough.assign(documents=RunnableLambda(retrieve)).assign(context=context) | prompt  # | your model

history = [
    HumanMessage("How did Lerduvale come into being?"),
    AIMessage("Lerduvale was founded in 1381 by salt traders."),
]
print(chain.invoke({"messages": [*history, HumanMessage("Is it chilly there in winter?")]}).to_string())
searcher.close()
