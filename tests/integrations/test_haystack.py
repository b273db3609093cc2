"""The Haystack component, in a pipeline of Haystack's."""

from __future__ import annotations

import pytest
from haystack import Pipeline
from haystack.components.builders import ChatPromptBuilder
from haystack.dataclasses import ChatMessage
from integration_data import ANSWER, HISTORY, QUESTION, SmallWorld

from disco_pyserini import DiscoSearcher, InputError
from disco_pyserini.integrations.haystack import DiscoRetriever

MESSAGES = [
    ChatMessage.from_system("Be brief."),
    ChatMessage.from_user(HISTORY[0]),
    ChatMessage.from_assistant(HISTORY[1]),
    ChatMessage.from_user(QUESTION),
]


def test_the_history_decides_what_is_found(world: SmallWorld, searcher: DiscoSearcher) -> None:
    retriever = DiscoRetriever(str(world.index), top_k=1)
    [document] = retriever.run(messages=MESSAGES)["documents"]
    assert (document.id, document.content) == (ANSWER, searcher.doc(ANSWER))
    assert document.score > 0
    [alone] = retriever.run(messages=MESSAGES[-1:])["documents"]
    assert alone.id != ANSWER
    assert len(retriever.run(messages=MESSAGES, top_k=3)["documents"]) == 3
    retriever.close()
    assert retriever.run(messages=MESSAGES)["documents"] == [document]


def test_in_a_pipeline_that_is_saved_and_loaded(world: SmallWorld) -> None:
    pipeline = Pipeline()
    pipeline.add_component("retriever", DiscoRetriever(str(world.index), top_k=1))
    template = [ChatMessage.from_system("{% for document in documents %}{{ document.content }}{% endfor %}")]
    pipeline.add_component("prompt", ChatPromptBuilder(template, required_variables="*"))
    pipeline.connect("retriever.documents", "prompt.documents")
    expected = pipeline.run({"retriever": {"messages": MESSAGES}})
    assert "climate" in expected["prompt"]["prompt"][0].text
    # Haystack asks users to name the modules, other than its own, whose classes a file may contain.
    loaded = Pipeline.loads(pipeline.dumps(), allowed_modules=["disco_pyserini.integrations.haystack"])
    assert loaded.run({"retriever": {"messages": MESSAGES}}) == expected


def test_bad_input(world: SmallWorld, tmp_path: object) -> None:
    with pytest.raises(InputError, match="expected at least one user message"):
        DiscoRetriever(str(world.index)).run(messages=MESSAGES[:1])
    with pytest.raises(InputError, match="k to be at least 1, found 0"):
        DiscoRetriever(str(world.index)).run(messages=MESSAGES, top_k=0)
    with pytest.raises(InputError, match="nowhere"):
        DiscoRetriever(f"{tmp_path}/nowhere").warm_up()
