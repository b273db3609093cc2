"""Conversations made by rules: questions of sentences, what a follow-up leaves out, and the filter."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from disco_pyserini.conversation import Conversation, Turn
from disco_pyserini.datasets.turns import Query, read_turns
from disco_pyserini.encoding import document_encoder
from disco_pyserini.errors import InputError
from studies.english.elision import Referent, elided, styled, with_pronoun, without_thanks
from studies.english.facts import Text, facts_of, facts_of_kind, read_texts
from studies.english.lexicon import Lexicon, read_wordnet
from studies.english.make_conversations import Maker, write, write_follow_ups
from studies.english.marco import read_queries, things_asked_about
from studies.english.passage_search import PassageSearch
from studies.english.question import Question, split_in_two
from studies.english.questions import questions_of
from studies.english.sentences import is_noun_phrase, is_plural, parse, split_sentences
from studies.english.swapped import with_other_names

NOUNS = (
    "disease arthritis gout option file program symptom joint tool archive person chemist scientist nobel prize acid "
    "crystal treatment pain animal heart"
)
VERBS = "be cause use compress list want save treat found affect set run last"
LEXICON = Lexicon(
    uses={
        **dict.fromkeys(NOUNS.split(), ("noun",)),
        **dict.fromkeys(VERBS.split(), ("verb",)),
        **dict.fromkeys(("painful", "german", "large", "quick"), ("adj",)),
        "cause": ("noun", "verb"),
    },
    kinds={
        "gout": ("arthritis", "disease", "illness"),
        "arthritis": ("disease", "illness"),
        "disease": ("illness",),
        "chemist": ("scientist", "person", "organism"),
        "otto hahn": ("chemist", "scientist", "person", "organism"),
    },
    names=frozenset({"otto hahn"}),
)

GOUT = Text(
    "wiki-1",
    "Gout",
    "Gout is a painful disease. It is caused by acid crystals. Gout causes pain because crystals collect in the joint. "
    "The treatment of gout is simple.",
)
HAHN = Text("wiki-2", "Otto Hahn", "Otto Hahn was a German chemist. He was born in 1879. His work won the Nobel Prize.")
TOOL = Text(
    "git-doc-1",
    "archives",
    "To list the files, use the option -l. If you want to compress an archive, run the tool with -z. "
    "The tool saves the archive in a file.",
)


def asked(sentence: str, subject: str = "") -> set[str]:
    return {question.full() for question in questions_of(sentence, subject, LEXICON)}


@pytest.mark.parametrize(
    ("sentence", "question"),
    [
        ("Gout is a painful disease.", "what is gout"),
        ("Gout is caused by acid crystals.", "what is gout caused by"),
        ("Gout causes pain because crystals collect.", "why does gout cause pain"),
        ("Gout causes pain.", "what causes pain"),
        ("The treatment of gout is simple.", "what is the treatment of gout"),
        ("To list the files, use the option.", "how do I list the files"),
        ("If you want to compress your archive, run it.", "how do I compress my archive"),
        ("You can save the archive by running the tool.", "how do I save the archive"),
        ("The archive was founded in 1901.", "when was the archive founded"),
    ],
)
def test_a_sentence_answers_a_question(sentence: str, question: str) -> None:
    assert question in asked(sentence)


def test_a_pronoun_stands_for_the_subject_before() -> None:
    assert "what is gout caused by" in asked("It is caused by acid crystals.", "gout")
    assert asked("It is caused by acid crystals.") == set()


def test_questions_contain_nothing_that_points_elsewhere() -> None:
    assert asked("This option is a file for these archives.") == set()
    assert asked("The tool uses the option above.") <= {"what does the tool use"}


def test_sentences_end_at_full_stops_before_capitals() -> None:
    assert split_sentences("Use it, e.g. With care. Then stop. Version 1.2 is old.") == [
        "Use it, e.g. With care.",
        "Then stop.",
        "Version 1.2 is old.",
    ]


def test_clauses() -> None:
    clause = parse("The large tool saves the archive in a file.", LEXICON)
    assert clause is not None
    assert (clause.subject, clause.base, clause.tense, clause.rest) == (
        "The large tool",
        "save",
        "present",
        "the archive in a file",
    )
    assert parse("If gout is treated, rest.", LEXICON) is None


def test_noun_phrases() -> None:
    assert is_noun_phrase("the treatment of gout", LEXICON)
    assert not is_noun_phrase("it", LEXICON)
    assert not is_noun_phrase("every tool", LEXICON)
    assert is_plural("the files of a tool", LEXICON) and not is_plural("the file of tools", LEXICON)


@pytest.mark.parametrize(
    ("pattern", "pronoun", "expected"),
    [
        ("what does {x} eat", "they", "what do they eat"),
        ("who founded {x}", "they", "who founded them"),
        ("when was {x} born", "she", "when was she born"),
        ("what is {x}'s real name", "he", "what is his real name"),
        ("which drugs interact with {x}", "it", "which drugs interact with it"),
    ],
)
def test_pronouns_have_the_right_case(pattern: str, pronoun: str, expected: str) -> None:
    assert with_pronoun(pattern, Referent("whatever", pronoun == "they", pronoun)) == expected


def test_a_follow_up_leaves_out_what_was_named() -> None:
    gout = Referent("gout", False, "it", "disease")
    question = Question("what are the symptoms of {x}", "gout", "asked", keywords="{x} symptoms")
    forms = {form.text for seed in range(20) for form in elided(question, "", gout, None, Random(seed))}
    assert {"what are its symptoms", "what are the symptoms", "symptoms"} <= forms
    assert {"what are the symptoms of the disease", "what are the symptoms of this"} & forms
    assert not any("gout" in form for form in forms)


def test_the_source_is_left_out_once_it_was_named() -> None:
    question = Question("how do I list files", "", "how-to")
    assert [form.text for form in elided(question, "in Git", None, None, Random(1))] == ["how do I list files"]
    assert elided(question, "", None, None, Random(1)) == []


def test_the_same_question_about_something_else() -> None:
    before = Question("what does {x} cause", "gout", "verb")
    forms = elided(Question("what does {x} cause", "arthritis", "verb"), "", None, before, Random(1))
    assert {form.text for form in forms} == {"what about arthritis", "and arthritis"}


def test_a_question_in_two_steps() -> None:
    halves = split_in_two(Question("why does {x} cause pain", "gout", "why"))
    assert halves is not None and (halves[0].full(), halves[1]) == ("does gout cause pain", "why")
    halves = split_in_two(Question("how do I list files", "", "how-to"))
    assert halves is not None and (halves[0].full(), halves[1]) == ("can I list files", "how")
    assert split_in_two(Question("who is {x}", "gout", "who")) is None


def test_styles_keep_the_words() -> None:
    styles = {styled("what is the price", Random(seed), first=False) for seed in range(200)}
    assert {"What is the price?", "what is the price"} <= styles
    assert {without_thanks("Thanks. What is it?"), without_thanks("What is it?")} == {"What is it?"}
    assert all("price" in style for style in styles)


def test_facts_name_what_they_are_about_in_full() -> None:
    facts = {fact.standalone(): fact for fact in facts_of(HAHN, 0, LEXICON)}
    born = facts["when was Otto Hahn born"]
    assert born.referent is not None and born.referent.pronoun == "he" and born.place == 1
    documented = {fact.standalone() for fact in facts_of(TOOL, 0, LEXICON)}
    assert "how do I list the files in Git" in documented


def test_people_ask_about_things_of_a_kind() -> None:
    about_gout = [fact.standalone() for fact in facts_of_kind(GOUT, 0, LEXICON, Random(1))]
    about_hahn = [fact.standalone() for fact in facts_of_kind(HAHN, 1, LEXICON, Random(1))]
    assert len(about_gout) > 4 and all("gout" in question for question in about_gout)
    assert any("married" in question or "born" in question or "famous" in question for question in about_hahn)


def test_search_queries_are_grouped_by_what_they_are_about() -> None:
    queries = read_queries(["1\twhat foods cause gout?", "2\thow long does gout last", "3\twho are you"])
    [thing] = things_asked_about(queries, {}, LEXICON)
    assert thing.referent.name == "gout" and thing.referent.noun == "disease"
    assert {question.pattern for question in thing.own} == {"what foods cause {x}", "how long does {x} last"}
    assert "what are the symptoms of {x}" in {question.pattern for question in thing.others}


def test_another_name_replaces_the_old_one_everywhere() -> None:
    history = (Turn("Anna Vissi", "Career"), Turn("Where was she born?", "Vissi was born in Cyprus."))
    conversation = Conversation((*history, Turn("Did she win?")))
    query = Query("d_3", "d", conversation, {"human": "Did Anna Vissi win her prize?"})
    [swapped] = with_other_names([query], {"she": ["Ginger Rogers"]}, Random(1))
    assert swapped.rewrites == {"human": "Did Ginger Rogers win her prize?"}
    assert [turn.response for turn in swapped.conversation.turns] == ["Career", "Rogers was born in Cyprus.", None]
    assert swapped.conversation.turns[0].utterance == "Ginger Rogers"
    assert list(with_other_names([query], {"he": ["Otto Hahn"]}, Random(1))) == []


def test_ranks_and_leads() -> None:
    search = PassageSearch(csr_matrix(np.array([[2, 0, 1], [1, 1, 0], [0, 0, 1]], np.float32)))
    queries = csr_matrix(np.array([[1, 0, 0], [1, 0, 0], [0, 1, 0]], np.float32))
    ranks, leads = search.ranks(queries, [0, 1, 2])
    assert ranks.tolist() == [1, 2, 3] and leads.tolist() == [1, -1, -1]
    assert search.best(queries, 2)[1][:, 0].tolist() == [0, 0, 1]


def test_wordnet_files(tmp_path: Path) -> None:
    licence = "  1 This software and database\n"
    (tmp_path / "index.noun").write_text(
        licence + "gout n 1 1 @ 1 0 00000002  \ndisease n 1 1 ~ 1 5 00000001  \nrun n 1 1 ~ 1 0 00000003  \n"
    )
    (tmp_path / "data.noun").write_text(
        licence + "00000001 26 n 01 disease 0 001 ~ 00000002 n 0000 | an illness  \n"
        '00000002 26 n 01 gout 0 001 @ 00000001 n 0000 | a painful inflammation; "he has gout"  \n'
        "00000003 04 n 01 Run 0 000 | a score  \n"
    )
    (tmp_path / "index.verb").write_text(licence + "run v 1 1 ~ 1 3 00000009  \n")
    for name in ("index.adj", "index.adv"):
        (tmp_path / name).write_text(licence)
    (tmp_path / "noun.exc").write_text("feet foot\n")
    (tmp_path / "verb.exc").write_text("ran run\n")
    (tmp_path / "cntlist.rev").write_text("run%2:38:00:: 1 106\n")
    lexicon = read_wordnet(tmp_path)
    assert lexicon.parts("run") == ("verb", "noun") and lexicon.parts("ran") == ("verb",)
    assert lexicon.base("ran", "verb") == "run" and lexicon.base("diseases", "noun") == "disease"
    assert lexicon.kind("gout") == "disease" and lexicon.names == {"run"}
    with pytest.raises(InputError, match="wordnet-base"):
        read_wordnet(tmp_path / "missing")


def test_passages_need_an_id_and_contents(tmp_path: Path) -> None:
    path = tmp_path / "passages.jsonl"
    path.write_text('{"id": "a", "contents": "Text."}\n{"id": "b", "text": "Text."}\n')
    with pytest.raises(InputError, match=r"passages.jsonl:2: expected .* contents, found id, text"):
        read_texts(path)


def test_made_conversations_are_a_collection_and_repeat_with_a_seed(tmp_path: Path) -> None:
    encoder = document_encoder("disco-tiny")

    def run(folder: Path) -> list[Query]:
        maker = Maker([GOUT, HAHN, TOOL], LEXICON, encoder, seed=3)
        turns = [*maker.from_passages(), *maker.from_queries(["what foods cause gout", "how long does gout last"])]
        write(turns, [], maker.texts, folder)
        return list(read_turns(folder / "turns.jsonl"))

    first, second = run(tmp_path / "a"), run(tmp_path / "b")
    assert first == second and len(first) > 10
    assert {len(query.conversation.turns) for query in first} >= {1, 2}
    assert all(query.rewrites["human"] for query in first)
    corpus = [json.loads(line) for line in (tmp_path / "a" / "corpus.jsonl").read_text("utf-8").splitlines()]
    assert [record["id"] for record in corpus] == ["wiki-1", "wiki-2", "git-doc-1"]
    assert corpus[2]["contents"].startswith("archives. To list")


def test_follow_ups_are_turns_that_need_their_history(tmp_path: Path) -> None:
    history = Turn("What is gout?", "A painful disease of the joints.")
    texts = [("What causes it?", "What causes gout?"), ("what is an acid", "What is an acid?"), ("Why?", "Why gout?")]
    queries = [
        Query(f"c_{number}", "c", Conversation((history, Turn(utterance))), {"human": rewrite})
        for number, (utterance, rewrite) in enumerate(texts)
    ]
    first = Query("f_1", "f", Conversation((Turn("gout"),)), {"human": "What is gout?"})
    write_follow_ups([*queries, first], 5, 1, tmp_path)
    assert {query.qid for query in read_turns(tmp_path / "followups.jsonl")} == {"c_0", "c_2"}
