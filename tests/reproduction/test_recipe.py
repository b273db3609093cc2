from __future__ import annotations

from pathlib import Path

import pytest
from reproduction.small import RECIPE, make_small

from disco_pyserini.cards import cards
from disco_pyserini.errors import InputError
from disco_pyserini.reproduction.plan import plan
from disco_pyserini.reproduction.recipe import find_recipe, installed_recipes, read_recipe


def test_commands_are_split_and_filled_in(tmp_path: Path) -> None:
    forwards, backwards = plan(read_recipe(make_small(tmp_path)), Path("out"))
    assert forwards.search.command == (
        "python",
        "tool.py",
        "forwards",
        "out/small/run.test.forwards.txt",
        "out/small/index",
    )
    assert [job.output for job in backwards.jobs()] == [
        Path("out/small/index"),
        Path("out/small/run.test.backwards.txt"),
    ]
    assert forwards.qrels == tmp_path / "data" / "qrels.txt"


def test_values_with_spaces_stay_one_argument(tmp_path: Path) -> None:
    trial = plan(read_recipe(make_small(tmp_path)), Path("an output"))[0]
    assert "an output/small/index" in trial.search.command


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("measures:", "measure:", r"small\.yaml: measure: unknown field: did you mean 'measures'\?"),
        (
            "    command: python tool.py forwards",
            "    comand: python tool.py forwards",
            r"small\.yaml: conditions\[forwards\]\.comand: unknown field: did you mean 'command'\?",
        ),
        (
            "scores: [{MRR",
            "score: [{MRR",
            r"small\.yaml: conditions\[forwards\]\.datasets\[test\]\.score: unknown field: did you mean 'scores'\?",
        ),
        ("[{MRR: 0.6667", "[{MMR: 0.6667", r"datasets\[test\]\.scores: unknown measure 'MMR': did you mean 'MRR'\?"),
        ("[{MRR: 0.6667", "[{MRR: high", r"datasets\[test\]\.scores\[1\]\.MRR: expected a number, found 'high'"),
        (
            "{run} {output}/index",
            "{run} {outptu}/index",
            r"conditions\[forwards\]\.command: unknown placeholder \{outptu\}: did you mean 'output'\?",
        ),
        (
            "forwards {run}",
            "forwards run.txt",
            r"conditions\[forwards\]\.command: expected \{run\} among its arguments",
        ),
        ("index {output}/index", "index", r"prepare\[\{output\}/index\]\.command: expected \{output\}/index among"),
        ('output: "{output}/index"', "output: /etc", r"prepare\[/etc\]\.output: expected a path that starts with"),
        ("published: no", "published: yes", r"conditions\[backwards\]\.datasets\[test\]: published: expected no"),
        ("measured: this tool", "", r"expected one of source .*, found none"),
        (
            "measured: this tool",
            "{measured: x, source: y}",
            r"expected YAML",
        ),
        ("measured: this tool", "measured: x\n        source: y", r"found source and measured"),
        (
            "baseline: forwards",
            "baseline: forward",
            r"baseline: unknown condition 'forward': did you mean 'forwards'\?",
        ),
        (
            "dataset: test\n        scores",
            "dataset: tset\n        scores",
            r"dataset: unknown data set 'tset': did you mean 'test'",
        ),
        ("name: backwards", "name: forwards", r"conditions: duplicate name 'forwards': make them differ"),
        (
            "name: backwards",
            "name: back/wards",
            r"conditions\[back/wards\]\.name: expected a name of letters, digits and",
        ),
        ("query: utterance", "query: 3", r"conditions\[forwards\]\.query: expected text"),
        ("python tool.py forwards", "python 'tool.py forwards", r"command: cannot be split .*check the quotes"),
        ("queries: 3", "queries: many", r"datasets\[test\]\.queries: expected an integer"),
        (
            "published: no",
            "card: splade-disco-human-mistral",
            r"card: the card splade-disco-human-mistral has no scores for small",
        ),
        ("published: no", "card: splade-disco-human-mistra", r"did you mean 'splade-disco-human-mistral'\?"),
        ("forwards {run}", "forwards {run} {query}x{conditoin}", r"did you mean 'condition'\?"),
        (
            "collection: small",
            "collection: ../../x",
            r"collection: expected a name of letters, digits and .*'\.\./\.\./x'",
        ),
        (
            "collection: small",
            "collection: /tmp",
            r"collection: expected a name of letters, digits and .*, found '/tmp'",
        ),
        ("collection: small", "collection:", r"collection: expected text, found None"),
        ("name: test", "name: ../test", r"datasets\[\.\./test\]\.name: expected a name of letters, digits and "),
        (
            'output: "{output}/index"',
            'output: "{output}/../x"',
            r"output: expected a path that starts with \{output\}/",
        ),
        ("queries: 3", "queries: .inf", r"datasets\[test\]\.queries: expected an integer, found inf"),
        ("queries: 3", "queries: 0", r"datasets\[test\]\.queries: expected at least 1, found 0"),
        ("title:", "tolerance: .nan\ntitle:", r"tolerance: expected a finite number, found nan"),
        ("title:", "tolerance: -1\ntitle:", r"tolerance: expected at least 0, found -1"),
        ("[MRR, R@1]", "MRR", r"measures: expected a list, found 'MRR'"),
        ("[MRR, R@1]", "[MRR, 3]", r"measures\[2\]: expected text, found 3"),
        ("[MRR, R@1]", "[MRR, R@1, nDCG@0]", r"measures: nDCG@0: expected a cutoff from 1 to 1,000,000, found 0"),
        ("[MRR, R@1]", "[MRR, R@1, ndgc_cut_3]", r"measures: unknown measure 'ndgc_cut_3': did you mean 'ndcg_cut_3'"),
        ("[MRR, R@1]", "[MRR, R@1, recip_rank]", r"measures: MRR and recip_rank are the same measure"),
        ("[{MRR: 0.6667, R@1: 0.3333}]", "[]", r"datasets\[test\]: scores: missing"),
        ("[{MRR: 0.6667, R@1: 0.3333}]", "{MRR: 0.6667}", r"datasets\[test\]\.scores: expected a list, found "),
        ("measured: this tool", "card: disco-tiny", r"datasets\[test\]: scores: expected none beside card"),
        (
            "[python, tool.py, backwards,",
            "[python, 3, backwards,",
            r"\[backwards\]\.command\[2\]: expected text, found 3",
        ),
        (
            "[python, tool.py, backwards,",
            "[[python], 3,",
            r"\[backwards\]\.command\[1\]: expected text, found \['python'",
        ),
        (
            "command: python tool.py index {output}/index {data}/docs.txt",
            "command:",
            r"command: expected a command, .* None",
        ),
        ("backwards, ", 'backwards, "{query}", ', r"conditions\[backwards\]: query: missing"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, before: str, after: str, message: str) -> None:
    assert before in RECIPE
    path = make_small(tmp_path, RECIPE.replace(before, after, 1))
    with pytest.raises(InputError, match=message):
        read_recipe(path)


@pytest.mark.parametrize(
    "text", ["- a list", "", "conditions: 3", "conditions: &a [*a]", "[" * 2_000, "datasets: []", "3: 4", "null", "\0"]
)
def test_what_is_no_recipe_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.yaml").write_text(text)
    with pytest.raises(InputError, match=r"bad\.yaml: "):
        read_recipe(tmp_path / "bad.yaml")


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes("title: é".encode("latin-1"))
    with pytest.raises(InputError, match=r"latin\.yaml: expected UTF-8"):
        read_recipe(tmp_path / "latin.yaml")
    with pytest.raises(InputError, match=r"cannot be read: Is a directory"):
        read_recipe(tmp_path)


@pytest.mark.parametrize("given", ["no", "false"])
def test_truth_is_spelled_as_people_do(tmp_path: Path, given: str) -> None:
    recipe = read_recipe(make_small(tmp_path, RECIPE.replace("published: no", f"published: {given}")))
    assert recipe.conditions[1].expected[0].scores == {}


def test_no_output_leaves_the_folder_by_what_is_filled_in(tmp_path: Path) -> None:
    recipe = RECIPE.replace("query: utterance", "query: ../..").replace("{output}/index", "{output}/{query}/index")
    recipe = recipe.replace("name: backwards", "name: backwards\n    query: human")
    with pytest.raises(InputError, match=r"output: expected a path in out/small, found out/small/\.\./\.\./index"):
        plan(read_recipe(make_small(tmp_path, recipe)), Path("out"))


def test_unknown_names_and_files() -> None:
    with pytest.raises(InputError, match=r"no recipe for 'demo-wrold': did you mean 'demo-world'\?"):
        find_recipe("demo-wrold")
    with pytest.raises(InputError, match=r"mine\.yaml: cannot be read"):
        find_recipe("mine.yaml")


def test_steps_that_need_each_other_are_refused(tmp_path: Path) -> None:
    circle = RECIPE.replace(
        "prepare:\n",
        'prepare:\n  - output: "{output}/other"\n    command: make {output}/other {output}/index\n',
    ).replace("{data}/docs.txt\n    needs", "{output}/other\n    needs")
    with pytest.raises(InputError, match="prepare: index needs other needs index"):
        plan(read_recipe(make_small(tmp_path, circle)), Path("out"))


def test_one_output_has_one_command(tmp_path: Path) -> None:
    recipe = RECIPE.replace("index {output}/index {data}", "index {output}/index {query} {data}").replace(
        "  - name: backwards\n", "  - name: backwards\n    query: human\n"
    )
    with pytest.raises(InputError, match=r"prepare\[index\]: its command differs .* by \{dataset\} or \{query\}"):
        plan(read_recipe(make_small(tmp_path, recipe)), Path("out"))


@pytest.mark.parametrize("name", installed_recipes())
def test_installed_recipes_are_valid(name: str) -> None:
    recipe = find_recipe(name)
    assert recipe.collection == name
    assert plan(recipe, Path("out"))


def test_published_scores_are_those_of_the_cards() -> None:
    """Every score on a card is expected by the recipe of its collection, with the same source, and no other is."""
    expected = {
        (condition.name, name): (dict(entry.scores), entry.source)
        for name in installed_recipes()
        for condition in find_recipe(name).conditions
        for entry in condition.expected
        if entry.scores and not entry.source.startswith("measured with")
    }
    on_cards = {
        (card.name, score.collection): (
            score.measures,
            score.source,
        )
        for card in cards().values()
        for score in card.scores
        if score.collection in installed_recipes()
    }
    assert expected == on_cards


def test_every_published_collection_has_every_condition() -> None:
    discos = {name for name in cards() if name.startswith("splade-disco-")}
    published = [find_recipe(name) for name in installed_recipes() if name not in MEASURED_HERE]
    assert len(published) == 11
    for recipe in published:
        names = {condition.name for condition in recipe.conditions}
        assert {"bm25.utterance", "bm25.conversation", "splade.utterance", "splade.conversation", *discos} <= names
        for condition in recipe.conditions:
            needs = {need for need in condition.needs if need.startswith("model:")}
            if condition.name in discos:
                assert needs == {f"model:{cards()[condition.name].query.model}"}


MEASURED_HERE = {"demo-world", "minicoll", "minicoll-cast2022-responses"}


@pytest.mark.parametrize("name", sorted(MEASURED_HERE))
def test_scores_measured_here_name_the_version(name: str) -> None:
    for condition in find_recipe(name).conditions:
        for entry in condition.expected:
            assert entry.source.startswith("measured with disco-pyserini ")
            assert len(entry.scores) == 4
