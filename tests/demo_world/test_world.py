"""The demo world: the same for the same seed, judged completely, and worded as conversations are."""

from __future__ import annotations

import hashlib
import re
import tracemalloc
from collections.abc import Iterator
from dataclasses import asdict
from itertools import islice, pairwise
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from disco_pyserini.datasets.turns import Query, read_turns
from disco_pyserini.demo_world import DemoWorld
from disco_pyserini.demo_world.entities import PASSAGES_PER_CLUSTER, make_cluster
from disco_pyserini.demo_world.names import Namer
from disco_pyserini.demo_world.wording import by_name, by_pronoun, fill
from disco_pyserini.demo_world.words import Words, load_words
from disco_pyserini.errors import InputError
from disco_pyserini.trec import read_qrels

DIGEST = "6d979206981e2496"
SPLITS = ("train", "dev", "test")


@pytest.fixture(scope="module")
def world() -> DemoWorld:
    return DemoWorld()


@pytest.fixture(scope="module")
def names(world: DemoWorld) -> dict[str, str]:
    """The names of the entities in the default world by their ids."""
    namer = Namer.draw(world.seed)
    clusters = (make_cluster(world.seed, number, namer) for number in range(world.size // PASSAGES_PER_CLUSTER))
    return {entity.id: entity.name for cluster in clusters for entity in cluster}


def subject(world_qrels: dict[str, dict[str, int]], query: Query) -> str:
    """The id of the entity that a query asks about."""
    return next(entity_of(passage) for passage, grade in world_qrels[query.qid].items() if grade == 2)


def entity_of(passage_id: str) -> str:
    return passage_id.rsplit("-", 1)[0]


def test_same_seed_writes_same_bytes(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        DemoWorld(seed=7, size=600, conversations_per_cluster=2).write(tmp_path / folder)
    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert files == sorted(
        ["corpus.jsonl", *(f"turns.{split}.jsonl" for split in SPLITS), *(f"qrels.{split}.txt" for split in SPLITS)]
    )
    for name in files:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_written_files_read_back(tmp_path: Path) -> None:
    world = DemoWorld(size=600)
    world.write(tmp_path)
    for split in SPLITS:
        assert list(read_turns(tmp_path / f"turns.{split}.jsonl")) == list(world.queries(split))
        assert read_qrels(tmp_path / f"qrels.{split}.txt") == world.qrels(split)


def test_content_does_not_drift(world: DemoWorld) -> None:
    """Encoders are trained on the words of this world and measured on it: a change of its text must be a decision."""
    digest = hashlib.sha256()
    for passage in world.passages():
        digest.update(f"{passage.id} {passage.contents}\n".encode())
    for query in world.queries("test"):
        digest.update(f"{query.qid} {query.text('conversation')} {sorted(query.rewrites.items())}\n".encode())
    assert digest.hexdigest()[:16] == DIGEST


def test_other_seed_gives_other_names() -> None:
    first, second = ({entity.name for entity in make_cluster(seed, 0, Namer.draw(seed))} for seed in (1, 2))
    assert not first & second


def test_more_conversations_leave_passages_and_first_conversations_alone() -> None:
    few, many = DemoWorld(size=600, conversations_per_cluster=1), DemoWorld(size=600, conversations_per_cluster=3)
    assert list(few.passages()) == list(many.passages())
    few_texts = {query.conversation.utterance for query in few.queries("train")}
    assert few_texts <= {query.conversation.utterance for query in many.queries("train")}


def test_the_data_files_hold_what_their_records_say() -> None:
    words = load_words()
    assert TypeAdapter(Words).validate_python(asdict(words)) == words


def test_the_size_of_a_cluster() -> None:
    cluster = make_cluster(5, 0, Namer.draw(5))
    assert sum(len(load_words().kinds[entity.kind].facets) for entity in cluster) == PASSAGES_PER_CLUSTER


@pytest.mark.parametrize("size", [1, 55, 56, 57, 2000])
def test_exact_size_and_unique_ids(size: int) -> None:
    ids = [passage.id for passage in DemoWorld(size=size).passages()]
    assert len(ids) == len(set(ids)) == size
    assert all(re.fullmatch(r"(person|place|work|organisation)-\d{6}-[a-z]+", passage_id) for passage_id in ids)


def test_passages_name_their_entity(world: DemoWorld, names: dict[str, str]) -> None:
    for passage in islice(world.passages(), len(names) * 8):
        assert names[entity_of(passage.id)].lower() in passage.contents.lower()


def test_names_are_unique_in_the_largest_world() -> None:
    namer = Namer.draw(2025)
    clusters = 1_000_000 // PASSAGES_PER_CLUSTER + 1
    for name in (namer.surname, namer.place, namer.title):
        assert len({name(number) for number in range(2 * clusters)}) == 2 * clusters
    assert len({namer.house(number) for number in range(clusters)}) == clusters


def test_every_turn_is_judged_within_the_corpus(world: DemoWorld) -> None:
    ids = {passage.id for passage in world.passages()}
    for split in SPLITS:
        qrels = world.qrels(split)
        assert list(qrels) == [query.qid for query in world.queries(split)]
        for grades in qrels.values():
            assert grades.keys() <= ids
            assert list(grades.values()).count(2) == 1


def test_splits_share_no_entity(world: DemoWorld) -> None:
    asked = {
        split: {entity_of(passage) for grades in world.qrels(split).values() for passage in grades} for split in SPLITS
    }
    assert all(asked.values())
    assert not asked["train"] & asked["dev"]
    assert not asked["train"] & asked["test"]
    assert not asked["dev"] & asked["test"]


def test_conversations_have_2_to_12_turns_with_their_history(world: DemoWorld) -> None:
    for split in SPLITS:
        conversations: dict[str, list[Query]] = {}
        for query in world.queries(split):
            conversations.setdefault(query.conversation_id, []).append(query)
        for queries in conversations.values():
            assert 2 <= len(queries) <= 12
            assert [query.depth for query in queries] == list(range(1, len(queries) + 1))
            for before, after in pairwise(queries):
                assert after.conversation.turns[-2].utterance == before.conversation.utterance


def test_default_splits_are_large_enough_to_measure_on(world: DemoWorld) -> None:
    assert 250 <= len(world.qrels("test")) <= 400
    assert 150 <= len(world.qrels("dev")) <= 400


def test_later_utterances_need_their_history_and_rewrites_do_not(world: DemoWorld, names: dict[str, str]) -> None:
    named = later = 0
    for split in SPLITS:
        qrels = world.qrels(split)
        for query in world.queries(split):
            name = names[subject(qrels, query)].lower()
            assert name in query.rewrites["human"].lower()
            if query.depth == 1:
                assert name in query.conversation.utterance.lower()
            else:
                later += 1
                named += name in query.conversation.utterance.lower()
    assert named / later < 0.35


def test_some_responses_are_missing(world: DemoWorld) -> None:
    turns = [turn for query in world.queries("train") for turn in query.conversation.turns[:-1]]
    assert 0.02 < sum(turn.response is None for turn in turns) / len(turns) < 0.09


def test_teachers_make_different_mistakes(world: DemoWorld, names: dict[str, str]) -> None:
    wrong: dict[str, set[str]] = {"teacher-a": set(), "teacher-b": set()}
    later = 0
    for split in SPLITS:
        qrels = world.qrels(split)
        for query in world.queries(split):
            assert query.rewrites.keys() == {"human", "teacher-a", "teacher-b"}
            assert all(query.rewrites.values())
            later += query.depth > 1
            name = names[subject(qrels, query)].lower()
            for teacher, mistaken in wrong.items():
                if name not in query.rewrites[teacher].lower():
                    mistaken.add(query.qid)
    for mistaken in wrong.values():
        assert 0.04 < len(mistaken) / later < 0.2
    assert len(wrong["teacher-a"] & wrong["teacher-b"]) < 0.4 * min(map(len, wrong.values()))


def test_no_template_is_left_unfilled_and_years_agree() -> None:
    namer = Namer.draw(5)
    for number in range(40):
        for entity in make_cluster(5, number, namer):
            for text in texts(entity.kind):
                filled = fill(text, {**entity.values, "X": "", "Xs": "", "Xo": "", "Xp": ""})
                assert not re.search(r"[{}]|  .*  |\ba [aeiou]|\ban [^aeiou]", filled.replace("a one-", "")), filled
            years = {key: int(value) for key, value in entity.values.items() if re.fullmatch(r"1\d{3}|20\d\d", value)}
            assert all(year <= 2025 for year in years.values())
            if entity.kind == "person":
                assert years["birth_year"] + 18 < years["school_year"] < years["debut_year"] < years["join_year"]
                assert years["debut_year"] < years["work_year"] < years["award_year"] < years["death_year"]
                assert years["join_year"] < years["death_year"]
                assert years["wed_year"] < years["death_year"]
                assert years["death_year"] - years["birth_year"] == int(entity.values["age"])
            if entity.kind == "work":
                assert years["spark_year"] < years["year"] < years["release_year"] < years["adapted"]
                assert years["release_year"] < years["vault_year"] < years["restored"]
            if entity.kind == "place":
                assert years["founded"] < years["fire"] < years["built"] < years["census"]


def texts(kind: str) -> Iterator[str]:
    """Every template of a kind of entity, but for the questions."""
    yield from load_words().kinds[kind].asides
    for facet in load_words().kinds[kind].facets:
        yield from facet.openers
        yield from facet.answers
        for options in facet.sentences:
            yield from options


def test_every_question_can_be_asked_in_full_and_in_short() -> None:
    for entity in make_cluster(5, 0, Namer.draw(5)):
        for facet in load_words().kinds[entity.kind].facets:
            for question, ellipsis in facet.questions:
                assert entity.name in by_name(question, entity)
                assert "{" not in by_pronoun(ellipsis, entity)
                assert "there there" not in by_pronoun(question, entity)


@pytest.mark.slow
def test_a_large_world_streams_in_bounded_memory() -> None:
    world = DemoWorld(size=100_000)
    tracemalloc.start()
    try:
        count = sum(1 for _ in islice(world.passages(), 5_000))
        _, peak_of_few = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        count += sum(1 for _ in islice(world.passages(), 20_000))
        _, peak_of_many = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 25_000
    assert peak_of_many < 1.2 * peak_of_few + 100_000
    assert peak_of_many < 5_000_000
    assert sum(1 for _ in world.passages()) == 100_000


def test_misuse_is_refused() -> None:
    with pytest.raises(InputError, match="between 1 and 1000000 passages, found a size of 0"):
        DemoWorld(size=0)
    with pytest.raises(InputError, match="at least 1, found 0"):
        DemoWorld(conversations_per_cluster=0)
    with pytest.raises(InputError, match="unknown split 'validation': expected train, dev, test"):
        DemoWorld().queries("validation")
