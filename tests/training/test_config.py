"""Reading configurations, overriding them, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from disco_pyserini.errors import InputError
from disco_pyserini.training.config import LOSSES, read_config, read_siamese_config, trains_documents
from disco_pyserini.training.distillation import make_arguments
from disco_pyserini.training.document_training import make_document_arguments

SETUPS = Path(__file__).parents[2] / "runs" / "training"

MINIMAL = """
model: {document_encoder: disco-tiny}
data: {turns: turns.jsonl, qrels: qrels.txt, vectors: vectors}
teacher: {files: [teacher.json]}
arguments: {output_dir: out, learning_rate: 2e-5}
"""


def config_file(folder: Path, text: str = MINIMAL) -> Path:
    path = folder / "config.yaml"
    path.write_text(text)
    return path


def test_the_defaults_are_the_published_set_up(tmp_path: Path) -> None:
    config = read_config(config_file(tmp_path))
    assert (config.loss.name, config.loss.kl_weight, config.loss.contrastive_weight) == ("disco", 0.99, 0.01)
    assert (config.loss.temperature, config.loss.anti_zero_weight, config.loss.positives) == (1, 1, True)
    sampling = config.sampling
    assert (sampling.strategy, sampling.candidates, sampling.skip, sampling.depth) == ("band", 16, 10, 950)
    assert config.regulariser.name == "none"
    assert (config.model.max_length, config.documents) == (256, "cached")
    assert config.arguments["learning_rate"] == 2e-5


def test_every_kind_of_field_can_be_overridden(tmp_path: Path) -> None:
    overrides = (
        "--documents live --data.corpus corpus.jsonl --loss.name kl --temperature 2 --candidates=4 --kl-weight 1"
    )
    more = "--learning-rate 1e-3 --arguments.seed 7 --files [a.json,b.json] --export-query bare"
    more += " --dev.turns t --dev.qrels q"
    config = read_config(config_file(tmp_path), [*overrides.split(), *more.split()])
    assert config.documents == "live"
    assert (config.loss.name, config.loss.temperature, config.loss.kl_weight) == ("kl", 2.0, 1.0)
    assert config.sampling.candidates == 4
    assert config.arguments == {"output_dir": "out", "learning_rate": 1e-3, "seed": 7}
    assert list(config.teacher.files) == ["a.json", "b.json"]
    assert (config.export_query, config.dev[0].turns) == ("bare", "t")


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ("--candidate 3", "unknown field: did you mean 'candidates'"),
        ("--loss.nam kl", "unknown field: did you mean 'name'"),
        ("--name kl", r"--name could be --data.name or --loss.name or --regulariser.name or --dev.name: say which"),
        ("--turns x", r"--turns could be --data.turns or --dev.turns"),
        ("--candidates", "--candidates needs a value"),
        ("candidates 3", "expected --key value, found 'candidates'"),
        ("--candidates three", "sampling.candidates: expected an integer, found 'three'"),
        ("--kl-weight true", "loss.kl_weight: expected a number, found True"),
        ("--loss.name mse", "unknown loss 'mse': expected one of disco, kl"),
        ("--strategy best", "unknown sampling strategy 'best'"),
        ("--regulariser.name l2", "regulariser.name: expected 'none', 'l1', 'flops' or 'idf-flops', found 'l2'"),
        ("--warmup slow", "regulariser.warmup: expected 'quadratic' or 'linear', found 'slow'"),
        ("--documents live", "name data.corpus"),
        ("--documents both", "documents: expected 'cached' or 'live', found 'both'"),
        ("--batches long", "batches: expected 'shuffled' or 'similar-length', found 'long'"),
        ("--data.topics topics.tsv", "data: expected turns or topics, found both"),
        (
            "--data.qrels null",
            r"the loss disco .* needs a relevant document of each query, but turns.jsonl has no qrels",
        ),
        ("--teacher.rewrites human", "teacher: expected files or rewrites, .* found both"),
        ("--files [] --loss.name kl", "teacher: expected files or rewrites, .* found neither"),
        ("--loss.name representation-mse", "the loss representation-mse needs rewrites"),
        ("--data.vectors null", "no documents"),
        ("--data.turns null", "no training queries"),
        ("--output-dir null --temperature 0", "loss.temperature: expected more than 0, found 0"),
        ("--arguments.router-mapping x --dev 3", "unknown field"),
        ("--fusion median", "unknown fusion rule 'median': did you mean 'mean'"),
        ("--weights three", "teacher.weights: expected a number, found 'three'"),
        ("--loss.options {delta:[2]}", "the loss 'disco' takes no options, found delta"),
        ("--sampling.options {delta:[2]}", "the sampling strategy 'band' takes no options"),
    ],
)
def test_mistakes_are_named(overrides: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        read_config(config_file(tmp_path), overrides.split())


SEVERAL = """
model: {document_encoder: disco-tiny}
data:
  - {turns: a.jsonl, corpus: answers, weight: 2, held_out: 0.1}
  - {questions: b.tsv}
  - {vectors: vectors}
dev: {turns: c.jsonl, qrels: q, corpus: corpus.jsonl}
teacher: {rewrites: [human, model]}
loss: {name: kl, positives: false}
arguments: {output_dir: out}
"""


def test_several_collections_with_shared_settings(tmp_path: Path) -> None:
    config = read_config(config_file(tmp_path, SEVERAL), ["--tolerate", "0.1", "--dev.turns", "d.jsonl"])
    assert [collection.title for collection in config.data] == ["a.jsonl", "b.tsv", "vectors"]
    assert [collection.title for collection in config.dev] == ["d.jsonl"]
    assert [str(source) for source in config.sources] == ["answers of a.jsonl", "vectors"]
    assert [list(config.rewrites_of(collection)) for collection in config.data[:2]] == [
        ["human", "model"],
        ["utterance"],
    ]
    assert config.evaluates
    assert config.tolerate == 0.1


def test_a_list_of_one_collection_can_be_overridden(tmp_path: Path) -> None:
    text = MINIMAL.replace(
        "data: {turns: turns.jsonl, qrels: qrels.txt, vectors: vectors}", "data: [{turns: x, vectors: v}]"
    )
    config = read_config(config_file(tmp_path, text), ["--data.turns", "y", "--data.qrels", "q", "--held-out", "0.2"])
    [collection] = config.data
    assert (collection.turns, collection.qrels, collection.vectors, collection.held_out) == ("y", "q", "v", 0.2)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("weight: 2", "weigth: 2", r"data\[a.jsonl\].weigth: unknown field: did you mean 'weight'"),
        ("weight: 2", "weight: 0", r"data\[a.jsonl\].weight: expected more than 0, found 0"),
        ("weight: 2", "qrels: q", r"data\[a.jsonl\]: corpus: answers needs turns, and has its own judgments"),
        ("weight: 2", "topics: t", r"data\[a.jsonl\]: expected turns or topics, found both"),
        ("weight: 2", "questions: t", r"data\[a.jsonl\]: expected turns, topics or questions, found several"),
        ("- {vectors: vectors}", "- {weight: 3}", r"data\[3\]: neither queries nor documents"),
        ("{questions: b.tsv}", "{questions: b.tsv, held_out: 0.5}", r"data\[2\]: held_out needs turns with judgments"),
        ("{questions: b.tsv}", "{turns: a.jsonl}", "two collections are named a.jsonl: give one of them another name"),
        ("turns: c.jsonl, ", "turns: a.jsonl, ", "two collections are named a.jsonl"),
        (
            "{questions: b.tsv}",
            "{turns: b, qrels: q}",
            "b: there are several corpora: name the one",
        ),
        (", corpus: corpus.jsonl}", "}", "c.jsonl: there are several corpora: name the one"),
        (", qrels: q, corpus: corpus.jsonl}", "}", "dev: no judgments: name qrels, or corpus: answers"),
        ("turns: c.jsonl, ", "", "dev: no queries: name turns or topics"),
        ("positives: false", "positives: true", "needs a relevant document of each query, but b.tsv has no qrels"),
        ("rewrites: [human, model]", "files: t.json", "teacher.files can score one collection, found several"),
        ("{questions: b.tsv}", "{topics: b.tsv}", "teacher.rewrites needs data.turns, .* b.tsv has none"),
        (
            "{rewrites: [human, model]}",
            "{rewrites: [human, model], weights: [1, 2]}",
            "b: expected one of the rewrites",
        ),
        ("name: kl", "name: disco", "the loss disco with these settings needs a relevant document of each query"),
        ("loss:", "augment: {standalone: 0.7, suffix: 0.7}\nloss:", r"augment: expected standalone \+ foreign_history"),
        ("loss:", "documents: live\nloss:", "documents: live needs the passages' texts"),
    ],
)
def test_mistakes_in_lists_of_collections_are_named(old: str, new: str, message: str, tmp_path: Path) -> None:
    assert old in SEVERAL
    text = SEVERAL.replace(old, new)
    if "weights" in new:
        text = text.replace("{questions: b.tsv}", "{turns: b, rewrites: [human]}")
    with pytest.raises(InputError, match=message):
        read_config(config_file(tmp_path, text))


def test_one_of_several_collections_cannot_be_overridden(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"--data.turns: data has 3 collections: change it in .*config.yaml"):
        read_config(config_file(tmp_path, SEVERAL), ["--data.turns", "x"])


def test_changes_with_rewrites_need_the_teachers(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"augment.standalone and augment.foreign_history need rewrites"):
        read_config(config_file(tmp_path), ["--standalone", "0.1"])
    with pytest.raises(InputError, match=r"turns.jsonl: rewrites are named, but none in teacher.rewrites"):
        read_config(config_file(tmp_path), ["--data.rewrites", "human"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model: [", "expected YAML"),
        ("- 1", "expected sections such as model and data, found list"),
        (
            "model: {document_encoder: x}\ndata: {turns: t, qrels: q, vectors: v}\nteacher: {files: f}",
            "no arguments.output",
        ),
        ("modle: {}", "modle: unknown field: did you mean 'model'"),
        ("model: {}\ndata: {turns: t, qrels: q, vectors: v}", "model.document_encoder: missing"),
        ("data: {turns: t, qrels: q}", "model: missing"),
        ("model: 3", "model: expected fields such as document_encoder, found 3"),
    ],
)
def test_files_that_are_no_configuration_are_refused(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        read_config(config_file(tmp_path, text))


def test_arguments_that_sentence_transformers_does_not_know_are_refused(tmp_path: Path) -> None:
    path = config_file(tmp_path, MINIMAL.replace("learning_rate", "learning_speed"))
    with pytest.raises(InputError, match=r"sentence-transformers refuses them: .*learning_speed"):
        make_arguments(read_config(path))
    with pytest.raises(InputError, match="cannot be read"):
        read_config(tmp_path / "none.yaml")


def test_strategies_can_be_switched_off_by_their_name(tmp_path: Path) -> None:
    """In YAML 1.1, a bare ``no`` is false."""
    config = read_config(config_file(tmp_path), ["--save-strategy", "no", "--bf16", "false"])
    assert config.arguments["save_strategy"] == "no"
    assert config.arguments["bf16"] is False


def test_with_dev_queries_the_best_checkpoint_is_kept(tmp_path: Path) -> None:
    dev = ["--dev.turns", "t", "--dev.qrels", "q"]
    arguments = make_arguments(read_config(config_file(tmp_path), dev))
    assert arguments.load_best_model_at_end
    assert arguments.metric_for_best_model == "eval_nDCG@3"
    assert not make_arguments(
        read_config(config_file(tmp_path), [*dev, "--load-best-model-at-end", "false"])
    ).load_best_model_at_end


@pytest.mark.parametrize("path", sorted(SETUPS.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_set_ups_that_come_along_are_valid(path: Path) -> None:
    if trains_documents(path):
        make_document_arguments(read_siamese_config(path))
        return
    config = read_config(path, ["--fp16", "false"])  # which needs a GPU
    assert config.loss.name in LOSSES
    make_arguments(config)


def test_the_published_set_ups_have_the_published_settings() -> None:
    names = {"topiocqa-mistral", "topiocqa-llama-mistral", "qrecc-human-mistral"}
    for name in names:
        config = read_config(SETUPS / f"{name}.yaml")
        assert config.arguments["learning_rate"] == 2e-5
        assert config.arguments["per_device_train_batch_size"] == 10
        assert config.arguments["num_train_epochs"] == 5
        assert config.arguments["warmup_steps"] == 0.01
        assert config.arguments["weight_decay"] == 0
        assert config.arguments["seed"] == 123
        assert config.arguments["fp16"] is True
        assert config.arguments["dataloader_drop_last"] is True
        assert len(config.teacher.files) == (1 if name == "topiocqa-mistral" else 2)
