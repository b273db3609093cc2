"""The LangChain retriever, in LangChain's own chains."""

from __future__ import annotations

import asyncio
from operator import itemgetter

import pytest
from integration_data import ANSWER, HISTORY, QUESTION
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
from langchain_core.runnables import RunnablePassthrough

from disco_pyserini import DiscoSearcher, InputError
from disco_pyserini.integrations.langchain import DiscoRetriever

MESSAGES = [SystemMessage("Be brief."), HumanMessage(HISTORY[0]), AIMessage(HISTORY[1]), HumanMessage(QUESTION)]


def test_the_history_decides_what_is_found(searcher: DiscoSearcher) -> None:
    retriever = DiscoRetriever(searcher=searcher, k=1)
    [document] = retriever.invoke(MESSAGES)
    assert document.id == ANSWER
    assert document.page_content == searcher.doc(ANSWER)
    assert document.metadata["score"] > 0
    [alone] = retriever.invoke(QUESTION)
    assert alone.id != ANSWER


def test_asynchronous_calls_and_batches(searcher: DiscoSearcher) -> None:
    retriever = DiscoRetriever(searcher=searcher, k=3)
    expected = retriever.invoke(MESSAGES)

    async def several() -> list[list[object]]:
        return await asyncio.gather(*(retriever.ainvoke(MESSAGES) for _ in range(8)))

    assert asyncio.run(several()) == [expected] * 8
    assert retriever.batch([MESSAGES, MESSAGES]) == [expected] * 2


def test_in_a_chain(searcher: DiscoSearcher) -> None:
    prompt = ChatPromptTemplate([("system", "Passages:\n{passages}"), MessagesPlaceholder("messages")])
    passages = itemgetter("messages") | DiscoRetriever(searcher=searcher, k=1) | (lambda found: found[0].page_content)
    answer = (RunnablePassthrough.assign(passages=passages) | prompt).invoke({"messages": MESSAGES})
    assert answer.messages[0].content == f"Passages:\n{searcher.doc(ANSWER)}"


def test_a_chat_without_a_question_is_refused(searcher: DiscoSearcher) -> None:
    with pytest.raises(InputError, match="expected at least one user message"):
        DiscoRetriever(searcher=searcher).invoke([SystemMessage("Be brief.")])
    with pytest.raises(InputError, match="k to be at least 1, found 0"):
        DiscoRetriever(searcher=searcher, k=0).invoke(QUESTION)
