"""The publishers' own files of TREC CAsT and iKAT, and broken copies of them."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest
from published import write_json

from disco_pyserini.datasets.registry import COLLECTIONS, benchmark, number_rows, open_collection, open_split
from disco_pyserini.datasets.turns import Query, read_turns
from disco_pyserini.errors import InputError

# Turns, conversations, and turns with each rewrite.
COUNTS = {
    ("cast2019", "test"): (479, 50, {"human": 479}),
    ("cast2019", "train"): (269, 30, {"human": 23}),
    ("cast2020", "test"): (216, 25, {"human": 216, "automatic": 216}),
    ("cast2020", "annotated"): (217, 25, {"human": 212}),
    ("cast2021", "test"): (239, 26, {"human": 239, "automatic": 239}),
    ("cast2022", "test"): (205, 18, {"human": 205, "automatic": 205}),
    ("ikat2023", "test"): (332, 25, {"human": 331}),
    ("ikat2023", "train"): (95, 11, {"human": 95}),
    ("ikat2024", "test"): (218, 17, {"human": 218}),
    ("ikat2025", "test"): (188, 17, {"human": 188}),
}
QRELS = {
    ("cast2019", "test"): (173, 29350),
    ("cast2019", "train"): (120, 2397),  # 2,399 lines, of which two are repeated
    ("cast2020", "test"): (208, 40451),
    ("cast2021", "test"): (158, 19334),
}


def read(folder: Path, name: str, split: str) -> list[Query]:
    return list(open_collection(name, folder).queries(split))


@pytest.mark.parametrize(("name", "split"), COUNTS)
def test_counts_are_the_publishers(name: str, split: str, shared_data: Path) -> None:
    queries = read(shared_data / name, name, split)
    turns, conversations, rewrites = COUNTS[name, split]
    assert len(queries) == turns == COLLECTIONS.get(name).splits[split]
    assert len({query.conversation_id for query in queries}) == conversations
    assert Counter(form for query in queries for form in query.rewrites) == rewrites
    assert all(query.text("conversation") for query in queries)


@pytest.mark.parametrize(("name", "split"), QRELS)
def test_judgments_belong_to_the_turns(name: str, split: str, shared_data: Path) -> None:
    qrels = open_collection(name, shared_data / name).qrels(split)
    assert (len(qrels), sum(map(len, qrels.values()))) == QRELS[name, split]
    assert qrels.keys() <= {query.qid for query in read(shared_data / name, name, split)}


@pytest.mark.parametrize(("name", "split"), [("ikat2023", "train"), ("ikat2025", "test"), ("cast2020", "annotated")])
def test_no_judgments(name: str, split: str, shared_data: Path) -> None:
    with pytest.raises(InputError, match=f"{name}: there are no judgments for '{split}'"):
        open_collection(name, shared_data / name).qrels(split)


def test_every_file_is_declared_or_a_second_form(shared_data: Path) -> None:
    """What else the folders hold: other forms of the same turns, cited passages, user statements, judgments."""
    others = r"topics_v1\.0\.txt|turn_ids\.json|psg_text\.jsonl|ptkb_rel_\w+|qrels\.trec"
    for name in {name for name, _ in COUNTS}:
        declared = {resource.path: resource.bytes for resource in COLLECTIONS.get(name).resources}
        for file in (shared_data / name).iterdir():
            if file.name in declared:
                assert declared[file.name] == file.stat().st_size
            else:
                assert re.search(others, file.name), file


def test_checksums_are_those_of_the_files(shared_data: Path) -> None:
    import hashlib

    checked = 0
    for name in {name for name, _ in COUNTS}:
        for resource in COLLECTIONS.get(name).resources:
            file = shared_data / name / resource.path
            if file.exists():
                assert resource.checksum == f"md5:{hashlib.md5(file.read_bytes()).hexdigest()}"
                checked += 1
    assert checked > 15


def test_what_ir_datasets_says_of_the_same_files() -> None:
    """Its list of downloads is part of the package: no network."""
    import ir_datasets

    path = Path(ir_datasets.__file__).parent / "etc" / "downloads.json"
    theirs = json.loads(path.read_text(encoding="utf-8"))["trec-cast"]
    ours = {
        resource.checksum: resource
        for name in COLLECTIONS
        if name.startswith("cast")
        for resource in COLLECTIONS.get(name).resources
    }
    for key in ("2019/train/queries", "2019/train/qrels", "2019/eval/queries", "2019/eval/qrels", "2020/queries"):
        assert ours[f"md5:{theirs[key]['expected_md5']}"].bytes == theirs[key]["size_hint"]
    for key in ("2020/qrels", "2022/queries", "2022/qrels"):
        assert f"md5:{theirs[key]['expected_md5']}" in ours
        assert theirs[key]["url"].rpartition("/")[2] == ours[f"md5:{theirs[key]['expected_md5']}"].path
    for name, dataset in {**COLLECTIONS.get("cast2019").ir_datasets, **COLLECTIONS.get("cast2020").ir_datasets}.items():
        assert name and ir_datasets.load(dataset).has_qrels() and ir_datasets.load(dataset).has_docs()


def test_cast2019_from_plain_text(shared_data: Path, tmp_path: Path) -> None:
    source = shared_data / "cast2019"
    for name in ("evaluation_topics_v1.0.txt", "evaluation_topics_annotated_resolved_v1.0.tsv"):
        shutil.copy(source / name, tmp_path)
    plain, json_form = (read(folder, "cast2019", "test") for folder in (tmp_path, source))
    assert [query.qid for query in plain] == [query.qid for query in json_form]
    assert [query.text("conversation") for query in plain] == [query.text("conversation") for query in json_form]
    assert [query.rewrites for query in plain] == [query.rewrites for query in json_form]


def test_cast2019_rewrites_of_no_turn(shared_data: Path, tmp_path: Path) -> None:
    shutil.copy(shared_data / "cast2019" / "train_topics_v1.0.json", tmp_path)
    (tmp_path / "train_topic_sample_annotated_resolved_v1.0.tsv").write_text("1_1\ta\n99_1\tb\n")
    with pytest.raises(InputError, match=r"sample_annotated_resolved_v1\.0\.tsv: expected ids of turns .* '99_1'"):
        read(tmp_path, "cast2019", "train")


def test_cast2020_without_the_manual_file(shared_data: Path, tmp_path: Path) -> None:
    shutil.copy(shared_data / "cast2020" / "2020_automatic_evaluation_topics_v1.0.json", tmp_path)
    queries = read(tmp_path, "cast2020", "test")
    assert len(queries) == 216 and all(query.rewrites.keys() == {"automatic"} for query in queries)


def test_cast2021_has_what_was_shown(shared_data: Path) -> None:
    second = read(shared_data / "cast2021", "cast2021", "test")[1]
    shown = second.conversation.turns[0].response
    assert second.qid == "106_2" and shown and shown.startswith("More research is needed.")
    assert " ".join(shown.split()) in second.text("conversation")


def test_cast2022_trees_and_paths_are_the_same_turns(shared_data: Path, tmp_path: Path) -> None:
    source = shared_data / "cast2022"
    for kind in ("", "automatic_"):
        shutil.copy(source / f"2022_{kind}evaluation_topics_flattened_duplicated_v1.0.json", tmp_path)
    trees = {query.qid: query for query in read(source, "cast2022", "test")}
    paths = {query.qid: query for query in read(tmp_path, "cast2022", "test")}
    listed = json.loads((source / "2022_evaluation_topics_turn_ids.json").read_text())
    assert trees.keys() == paths.keys() == {f"{tree}_{turn}" for tree, turns in listed.items() for turn in turns}
    for qid, query in trees.items():
        assert query.text("conversation") == paths[qid].text("conversation")
        assert query.rewrites == paths[qid].rewrites
    # Four turns have two responses: the first is taken, and for one of them another one comes first.
    assert [qid for qid, query in trees.items() if query != paths[qid]] == ["142_1-3"]


def test_cast2022_equals_the_collection_derived_from_it(shared_data: Path) -> None:
    derived = read_turns(shared_data / "minicoll-cast2022-responses" / "turns.jsonl")
    trees = {query.qid: query for query in read(shared_data / "cast2022", "cast2022", "test")}
    for query in derived:
        assert trees[query.qid].text("conversation") == query.text("conversation")
        assert trees[query.qid].text("human") == query.text("human")


def test_ikat2023_equals_the_collection_derived_from_it(shared_data: Path) -> None:
    folder = shared_data / "ikat2023"
    ikat = {query.qid: query for split in ("train", "test") for query in read(folder, "ikat2023", split)}
    derived = list(read_turns(shared_data / "minicoll" / "turns.jsonl"))
    assert len(derived) == len(ikat) == 427
    for query in derived:
        assert ikat[query.qid].text("conversation") == query.text("conversation")
        assert ikat[query.qid].rewrites.keys() == query.rewrites.keys()
    assert "human" not in ikat["12-1_12"].rewrites


def test_string_and_integer_turn_numbers(tmp_path: Path) -> None:
    turns = [{"number": number, "raw_utterance": "who?"} for number in ("1", 2)]
    write_json(tmp_path / "2021_manual_evaluation_topics_v1.0.json", [{"number": "7", "turn": turns}])
    assert [query.qid for query in read(tmp_path, "cast2021", "test")] == ["7_1", "7_2"]


def test_a_docid_with_a_space_in_it(tmp_path: Path) -> None:
    (tmp_path / "2022-qrels.txt").write_text("132_1-1 0 MARCO_50_2268879788 -3 2\n132_1-1 0 KILT_1-1 0\n")
    assert open_collection("cast2022", tmp_path).qrels("test") == {
        "132_1-1": {"MARCO_50_2268879788-3": 2, "KILT_1-1": 0}
    }
    (tmp_path / "2022-qrels.txt").write_text("132_1-1 0 KILT_1-1 0\n132_1-1 0 2\n")
    with pytest.raises(InputError, match=r"2022-qrels\.txt:2: expected 'qid 0 docid grade'"):
        open_collection("cast2022", tmp_path).qrels("test")


def tree(*turns: dict[str, str]) -> list[dict[str, object]]:
    return [{"number": 1, "turn": list(turns)}]


USER = {"number": "1-1", "participant": "User", "utterance": "who?"}
SYSTEM = {"number": "1-2", "participant": "System", "response": "he", "parent": "1-1"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", r"expected one JSON array, found after record 0"),
        ("[]", r"expected a JSON array of objects, found none"),
        ('{"number": 1}', r"expected one JSON array, found after record 0 what is not: map in place of an array"),
        ("[1]", r"record 1: expected a JSON object, found 1"),
        ('[{"number": 1, "turn": []}, {"number": 2', r"found after record 1 what is not"),
        ('[{"turn": []}]', r"record 1: expected a field 'number', found only: turn"),
        ('[{"number": 1, "turn": "x"}]', r"record 1: expected 'turn' to be a list of objects, found 'x'"),
        (
            json.dumps(tree({**USER, "utterance": " "})),
            r"record 1, turn 1: expected 'utterance' to be a text that is not",
        ),
        (json.dumps(tree({**USER, "number": "1 1"})), r"turn 1: expected 'number' to be .* without white space"),
        (json.dumps(tree(SYSTEM)), r"turn 1: expected 'parent' to be an earlier turn of this tree, found '1-1'"),
        (json.dumps(tree(USER, USER)), r"turn 2: turn '1-1' is already in this tree"),
        (
            json.dumps(tree(USER, SYSTEM, {**SYSTEM, "number": "1-3", "parent": "1-2"})),
            r"turn 3: expected 'participant'",
        ),
        (json.dumps(tree({**USER, "participant": "Nobody"})), r"turn 1: expected 'participant' to be User, or System"),
    ],
)
def test_malformed_files_are_refused_with_their_record(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "2022_evaluation_topics_tree_v1.0.json"
    path.write_text(content)
    with pytest.raises(InputError, match=re.escape(str(path)) + ".*" + message):
        read(tmp_path, "cast2022", "test")


def test_repeated_turns_must_agree(shared_data: Path, tmp_path: Path) -> None:
    name = "2022_evaluation_topics_flattened_duplicated_v1.0.json"
    topics = json.loads((shared_data / "cast2022" / name).read_text())
    topics[1]["turn"][0]["utterance"] += "?"
    write_json(tmp_path / name, topics)
    with pytest.raises(InputError, match=r"record 2, turn 1: turn 132_1-1 stands here with another text or history"):
        read(tmp_path, "cast2022", "test")


def test_a_turn_that_stands_twice(shared_data: Path, tmp_path: Path) -> None:
    name = "2024_test_topics.json"
    topics = json.loads((shared_data / "ikat2024" / name).read_text())
    write_json(tmp_path / name, [*topics, topics[0]])
    with pytest.raises(InputError, match=r"ikat2024: expected every turn once, found '0_1' twice"):
        read(tmp_path, "ikat2024", "test")


def test_absent_files_say_how_to_get_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYSERINI_CACHE", str(tmp_path))
    collection, split = open_split("ikat2025")
    with pytest.raises(
        InputError, match=r"ikat2025: expected 2025_test_topics\.json in .*/disco/ikat2025.*`disco data get ikat2025`"
    ):
        list(collection.queries(split))


def test_names_and_splits() -> None:
    assert benchmark("cast2022").name == "cast2022"
    with pytest.raises(InputError, match=r"no collection, file or folder 'cast-2022': did you mean 'cast2022'\?"):
        benchmark("cast-2022")
    with pytest.raises(InputError, match=r"no collection, file or folder 'xyz': expected one of topiocqa, qrecc"):
        open_collection("xyz")
    with pytest.raises(InputError, match=r"ikat2023: expected a split \(test, train\), none was named"):
        open_split("ikat2023")
    with pytest.raises(InputError, match=r"ikat2023: expected a split \(test, train\), found 'dev'"):
        open_split("ikat2023/dev")


def test_the_common_layout(shared_data: Path) -> None:
    for name in (shared_data / "minicoll", shared_data / "minicoll" / "turns.jsonl"):
        collection, split = open_split(str(name))
        queries = list(collection.queries(split))
        assert (split, len(queries), len(collection.qrels(split))) == ("all", 427, 355)
        assert sum(1 for _ in collection.passages(split)) == 889
    assert [query.qid for query in number_rows(queries)][:3] == ["0", "1", "2"]


@pytest.mark.slow
def test_the_common_layout_with_splits(demo: Path, tmp_path: Path) -> None:
    assert set(open_collection(str(demo)).benchmark.splits) == {"train", "dev", "test"}
    for name in (f"{demo}/test", f"{demo}/turns.test.jsonl"):
        collection, split = open_split(name)
        assert split == "test"
        assert collection.qrels(split).keys() == {query.qid for query in collection.queries(split)}
    with pytest.raises(InputError, match=r"expected a collection \(turns\.jsonl or turns\.SPLIT\.jsonl\)"):
        open_collection(str(tmp_path))
