"""The LlamaIndex retriever, alone and in a chat engine with LlamaIndex's mock language model."""

from __future__ import annotations

import asyncio

import pytest
from integration_data import ANSWER, HISTORY, QUESTION
from llama_index.core.chat_engine import ContextChatEngine
from llama_index.core.llms import ChatMessage, MessageRole, MockLLM
from llama_index.core.memory import ChatMemoryBuffer, Memory

from disco_pyserini import DiscoSearcher, InputError
from disco_pyserini.integrations.llama_index import DiscoRetriever


def history() -> list[ChatMessage]:
    return [
        ChatMessage(HISTORY[0], role=MessageRole.USER),
        ChatMessage(HISTORY[1], role=MessageRole.ASSISTANT),
    ]


def test_the_memory_decides_what_is_found(searcher: DiscoSearcher) -> None:
    memory = ChatMemoryBuffer.from_defaults(history())
    [node] = DiscoRetriever(searcher, k=1, memory=memory).retrieve(QUESTION)
    assert node.node_id == ANSWER
    assert node.text == searcher.doc(ANSWER)
    assert node.score and node.score > 0
    [alone] = DiscoRetriever(searcher, k=1).retrieve(QUESTION)
    assert alone.node_id != ANSWER


def test_asynchronously(searcher: DiscoSearcher) -> None:
    retriever = DiscoRetriever(searcher, k=2, memory=Memory.from_defaults(chat_history=history()))

    async def several() -> list[list[str]]:
        found = await asyncio.gather(*(retriever.aretrieve(QUESTION) for _ in range(4)))
        return [[node.node_id for node in nodes] for nodes in found]

    first, *others = asyncio.run(several())
    assert first[0] == ANSWER and others == [first] * 3


def test_in_a_chat_engine(searcher: DiscoSearcher) -> None:
    memory = ChatMemoryBuffer.from_defaults()
    model = MockLLM(max_tokens=4)
    engine = ContextChatEngine.from_defaults(DiscoRetriever(searcher, k=1, memory=memory), memory=memory, llm=model)
    engine.chat(HISTORY[0])
    assert [message.role for message in memory.get_all()] == [MessageRole.USER, MessageRole.ASSISTANT]
    assert engine.chat(QUESTION).source_nodes[0].node_id == ANSWER
    engine.reset()
    assert engine.chat(QUESTION).source_nodes[0].node_id != ANSWER


def test_an_empty_question_is_refused(searcher: DiscoSearcher) -> None:
    with pytest.raises(InputError, match="the last user message has no text"):
        DiscoRetriever(searcher).retrieve(" ")
