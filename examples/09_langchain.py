"""Retrieve in a LangChain chain, from the chat history instead of the last question.

Before: `pip install 'disco-pyserini[langchain]'` and `disco demo`. Then: python examples/09_langchain.py [demo]
"""

import sys
from operator import itemgetter

from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
from langchain_core.runnables import RunnablePassthrough

from disco_pyserini import DiscoSearcher
from disco_pyserini.integrations.langchain import DiscoRetriever

[folder] = sys.argv[1:] or ["demo"]

prompt = ChatPromptTemplate([("system", "Answer from these passages:\n{passages}"), MessagesPlaceholder("messages")])
history = [
    HumanMessage("How did Lerduvale come into being?"),
    AIMessage("Lerduvale was founded in 1381 by salt traders."),
]

with DiscoSearcher(f"{folder}/index") as searcher:
    retrieve = itemgetter("messages") | DiscoRetriever(searcher=searcher, k=2)
    join = retrieve | (lambda documents: "\n".join(document.page_content for document in documents))
    chain = RunnablePassthrough.assign(passages=join) | prompt  # | your chat model
    answer = chain.invoke({"messages": [*history, HumanMessage("Is it chilly there in winter?")]})
print(answer.to_string())
