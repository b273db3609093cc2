"""Prompts, answers, the file of rewrites, and a language model on this machine."""

from __future__ import annotations

import json
import random
import resource
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
import torch
import typer
from checkpoints import LETTERS, WORDS
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from typer.testing import CliRunner, Result

from disco_pyserini.cli import rewrite
from disco_pyserini.conversation import Conversation
from disco_pyserini.datasets.rewrites import attach, read_rewrites
from disco_pyserini.datasets.turns import Query, write_turns
from disco_pyserini.errors import DiscoError, InputError
from disco_pyserini.rewriting import Answer, Prompt, default_prompt, read_prompt, rewrite_turns
from disco_pyserini.rewriting.local import LocalModel
from disco_pyserini.rewriting.rewrite_turns import clean
from disco_pyserini.rewriting.store import continue_rewrites

PROMPT = Prompt("{history} | {utterance}")


class Echo:
    """A `Rewriter` that gives every prompt back."""

    name = "echo"

    def answers(self, prompts: Iterable[tuple[str, str]]) -> Iterator[Answer]:
        return (Answer(qid, prompt) for qid, prompt in prompts)


def query(qid: str, utterance: str, *history: tuple[str, str | None]) -> Query:
    return Query(qid, "c", Conversation.from_history(utterance, history))


QUERIES = [query("1", "who?"), query("2", "when was he born?", ("who was king?", "Olav.")), query("3", "where?")]


def test_prompts_are_filled_in_one_pass() -> None:
    conversation = query("1", "{history} of\tit", ("one {utterance}", None), ("two", " answer\nof two ")).conversation
    filled = Prompt('say {"a": 1} {history}\n# {utterance} {other}').fill(conversation)
    assert filled == 'say {"a": 1} User: one {utterance}\nUser: two\nSystem: answer of two\n# {history} of it {other}'
    assert PROMPT.fill(QUERIES[0].conversation) == "(none) | who?"
    assert (
        default_prompt()
        .fill(QUERIES[1].conversation)
        .endswith(
            "Conversation:\nUser: who was king?\nSystem: Olav.\nLast question: when was he born?\nRewritten question:"
        )
    )


def test_prompt_files(tmp_path: Path) -> None:
    path = tmp_path / "prompt.txt"
    path.write_text("\nAsk {utterance} after {history}:\n\n")
    assert read_prompt(path) == Prompt("Ask {utterance} after {history}:")
    assert read_prompt(path).sha256 != default_prompt().sha256
    path.write_text("Ask {question} after {history}")
    with pytest.raises(InputError, match=r"prompt\.txt: expected the places .* without utterance"):
        read_prompt(path)


@pytest.mark.parametrize(
    ("answer", "rewrite"),
    [
        ("  When was   Olav born?\n\nConversation:\nUser: x", "When was Olav born?"),
        ('\n"When was Olav born?"\n', "When was Olav born?"),
        ("“Quoted”", "Quoted"),
        ('Who wrote "Emma"', 'Who wrote "Emma"'),
        ("<think>he is\nOlav</think>\n\nWhen was Olav born?", "When was Olav born?"),
        ("<think>he is Ol", ""),
        (" \n ", ""),
        ('"', '"'),
    ],
)
def test_the_rewrite_is_taken_out_of_the_answer(answer: str, rewrite: str) -> None:
    assert clean(answer) == rewrite


class Fixed:
    """A `Rewriter` that gives the same answer to everything."""

    name = "fixed"

    def __init__(self, text: str, cut: bool = False) -> None:
        self.text, self.cut = text, cut

    def answers(self, prompts: Iterable[tuple[str, str]]) -> Iterator[Answer]:
        return (Answer(qid, self.text, cut=self.cut) for qid, _ in prompts)


@pytest.mark.parametrize(
    ("answer", "cut", "problem"),
    [
        ("System: It is in London.", False, "goes on with the conversation: 'System: It"),
        ("user : where?", False, "goes on with the conversation"),
        ("Why are the rings of Saturn so bright?", False, "repeats an example of the prompt: 'Why are"),
        ('"Do cats get along with hamsters?"', False, "repeats an example of the prompt"),
        ("When was king Ol", True, "was cut at the token limit: 'When was king Ol': allow more with --max-new-tok"),
        ("When was king Olav born?\nConversation:\nUser: x", True, ""),
        ("When was king Olav born?", False, ""),
    ],
)
def test_an_answer_that_is_no_rewrite_is_not_stored(tmp_path: Path, answer: str, cut: bool, problem: str) -> None:
    summary = rewrite_turns(QUERIES[1:2], default_prompt(), Fixed(answer, cut), tmp_path / "r.jsonl")
    if problem:
        assert summary.written == 0 and problem in summary.failed["2"]
        assert (tmp_path / "r.jsonl").read_text() == ""
    else:
        assert read_rewrites(tmp_path / "r.jsonl") == {"2": "When was king Olav born?"}


def test_a_question_that_is_an_example_too_is_kept(tmp_path: Path) -> None:
    same = query("1", "Do cats get along with hamsters?")
    assert rewrite_turns([same], default_prompt(), Fixed(same.conversation.utterance), tmp_path / "r.jsonl").written


def test_only_what_is_missing_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "new" / "r.jsonl"
    assert rewrite_turns(QUERIES[:1], PROMPT, Echo(), path).written == 1
    first = path.read_bytes()
    done: list[int] = []
    summary = rewrite_turns([QUERIES[0], QUERIES[2]], PROMPT, Echo(), path, done.append)
    assert (summary.written, summary.earlier, done) == (1, 1, [1, 1])
    assert path.read_bytes().startswith(first)
    assert read_rewrites(path) == {"1": "(none) | who?", "3": "(none) | where?"}


def test_a_file_cut_anywhere_is_continued(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    rewrite_turns(QUERIES, PROMPT, Echo(), path)
    whole, rewrites = path.read_bytes(), read_rewrites(path)
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        summary = rewrite_turns(QUERIES, PROMPT, Echo(), path)
        assert summary.earlier == whole[:length].count(b"\n")
        assert read_rewrites(path) == rewrites


def test_two_processes_do_not_write_one_file(tmp_path: Path) -> None:
    """Each would ask for all that is missing, and write it."""
    path = tmp_path / "rewrites.jsonl"
    with continue_rewrites(path, "m", "p") as (file, done):
        assert done == set()
        with pytest.raises(InputError, match="another run is writing to it"), continue_rewrites(path, "m", "p"):
            pass
        file.add("1_1", "who?", "now")
    with continue_rewrites(path, "m", "p") as (_, done):
        assert done == {"1_1"}


def test_files_of_something_else_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    write_turns(QUERIES, path)
    path.write_bytes(path.read_bytes()[:-1])
    before = path.read_bytes()
    with pytest.raises(InputError, match=r"r\.jsonl:1: not a rewrite: \w+: unknown field: expected one of qid"):
        rewrite_turns(QUERIES, PROMPT, Echo(), path)
    assert path.read_bytes() == before
    for content in ("notes", "[" * 100_000, "[]", '{"qid": 3}\n'):
        path.write_text(content)
        with pytest.raises(InputError, match=r"r\.jsonl:1"):
            rewrite_turns(QUERIES, PROMPT, Echo(), path)
        assert path.read_text() == content


def test_rewrites_are_not_mixed(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    rewrite_turns(QUERIES, PROMPT, Echo(), path)
    with pytest.raises(InputError, match=r"holds rewrites by echo with prompt .*choose another --output"):
        rewrite_turns(QUERIES, Prompt("{utterance} {history}"), Echo(), path)
    with path.open("a") as lines:
        lines.write(path.read_text().splitlines()[0] + "\n")
    with pytest.raises(InputError, match=r"r\.jsonl:3: query id '1' was already rewritten"):
        read_rewrites(path)


def test_a_full_disk_keeps_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    rewrite_turns(QUERIES[:2], PROMPT, Echo(), path)
    kept = path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(kept) + 9, hard))
    try:
        with pytest.raises(DiscoError, match=r"File too large: the same command continues after the last whole line"):
            rewrite_turns(QUERIES, PROMPT, Echo(), path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes()[:-9] == kept
    assert rewrite_turns(QUERIES, PROMPT, Echo(), path).written == 1
    assert len(read_rewrites(path)) == 2


def test_rewrites_are_attached_to_their_turns() -> None:
    given, surplus = attach(QUERIES, {"2": "When was Olav born?", "9": "?"}, "llm:x")
    assert [query.rewrites for query in given] == [{}, {"llm:x": "When was Olav born?"}, {}]
    assert given[1].text("llm:x") == "When was Olav born?"
    assert surplus == ["9"]
    with pytest.raises(
        InputError, match=r"none of its 1 rewrites belongs to these turns: its ids are like '9', .* '1'"
    ):
        attach(QUERIES, {"9": "?"}, "llm:x")


def make_language_model(folder: Path, chat_template: str | None = None) -> Path:
    """Write a tiny Llama with random weights, and a tokenizer of words."""
    tokens = ["<pad>", "<s>", "</s>", "<unk>", "User", "System", *WORDS, *LETTERS, "|", "none", "(", ")"]
    words = WordLevel({token: number for number, token in enumerate(dict.fromkeys(tokens))}, unk_token="<unk>")
    tokenizer = Tokenizer(words)
    tokenizer.pre_tokenizer = Whitespace()
    special = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "chat_template": chat_template}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special).save_pretrained(folder)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=64,
        initializer_range=0.5,
        bos_token_id=1,
        eos_token_id=2,
    )
    model = LlamaForCausalLM(config)
    with torch.no_grad():
        model.lm_head.weight[2] *= 2  # so that answers end
    # As published chat models are set; our answers must not be drawn at random for that.
    model.generation_config.do_sample = True
    model.generation_config.temperature = 5.0
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def language_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_language_model(tmp_path_factory.mktemp("llama"))


PROMPTS = [(str(i), " ".join(random.Random(i).choices(WORDS, k=3 + 5 * i))) for i in range(5)]


def by_hand(folder: Path, prompt: str, new_tokens: int) -> str:
    """Greedy decoding without batches, padding or transformers' own loop."""
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    model = LlamaForCausalLM.from_pretrained(folder).eval()
    ids = tokenizer(prompt, add_special_tokens=False)["input_ids"]
    start = len(ids)
    with torch.inference_mode():
        while len(ids) < start + new_tokens and ids[-1] != 2:
            ids.append(int(model(torch.tensor([ids])).logits[0, -1].argmax()))
    return tokenizer.decode(ids[start:], skip_special_tokens=True)


def test_a_device_that_is_not_here(language_model: Path) -> None:
    with pytest.raises(InputError, match="cannot use the device 'cuda:99': expected one of cpu"):
        LocalModel(str(language_model), "cuda:99")


def test_a_local_model_answers_greedily_whatever_the_batch(language_model: Path) -> None:
    model = LocalModel(str(language_model), "cpu", batch_size=3, max_new_tokens=8)
    answers = {answer.qid: answer.text for answer in model.answers(PROMPTS)}
    assert answers == {qid: by_hand(language_model, prompt, 8) for qid, prompt in PROMPTS}
    assert len(set(answers.values())) > 1


def test_a_chat_template_is_used(tmp_path: Path) -> None:
    template = "{% for m in messages %}{{ bos_token }}User {{ m.content }}{% endfor %}System"
    folder = make_language_model(tmp_path / "chat", template)
    [answer] = LocalModel(str(folder), "cpu", max_new_tokens=6).answers([("1", "who wrote it")])
    assert answer.text == by_hand(folder, "<s>User who wrote itSystem", 6)
    assert answer.text != by_hand(folder, "who wrote it", 6)


def test_a_prompt_that_is_too_long_is_not_answered(language_model: Path) -> None:
    model = LocalModel(str(language_model), "cpu", max_new_tokens=8)
    long, short = model.answers([("1", "who " * 57), ("2", "who " * 56)])
    assert long == Answer("1", None, "the prompt has 57 tokens, the model has room for 56")
    assert short.text


app = typer.Typer()
app.command()(rewrite.rewrite)


def disco(*arguments: object) -> Result:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_the_command(tmp_path: Path, language_model: Path) -> None:
    turns, output, prompt = tmp_path / "turns.jsonl", tmp_path / "r.jsonl", tmp_path / "prompt.txt"
    write_turns([*QUERIES, query("4", "who " * 70)], turns)
    prompt.write_text(PROMPT.template)
    command = ("--turns", turns, "--output", output, "--model", language_model, "--prompt", prompt, "--device", "cpu")
    result = disco(*command, "--max-new-tokens", 9)
    assert result.exit_code == 1
    assert f"1 rewrites added to {output}, 0 existed already" in result.stdout
    # The first answer is empty, the second cut at the limit, and the prompt of the fourth is too long.
    assert "without a rewrite: 3 queries: 4, 1, 2\nthe first: the prompt has 74 tokens" in result.stderr
    record = json.loads(output.read_text())
    assert (record["qid"], record["rewrite"]) == ("3", by_hand(language_model, PROMPT.fill(QUERIES[2].conversation), 9))
    assert (record["model"], record["prompt"]) == (str(language_model), PROMPT.sha256)

    write_turns(QUERIES[2:], turns)
    result = disco(*command, "--max-new-tokens", 9)
    assert result.exit_code == 0 and f"0 rewrites added to {output}, 1 existed already" in result.stdout


def test_refusals(tmp_path: Path) -> None:
    write_turns(QUERIES, tmp_path / "turns.jsonl")
    command = ("--turns", tmp_path / "turns.jsonl", "--output", tmp_path / "r.jsonl")
    for options in ((), ("--model", "m", "--server", "http://x"), ("--server", "http://x")):
        with pytest.raises(InputError, match="expected either --model, or --server with --server-model"):
            disco(*command, *options)
    with pytest.raises(InputError, match=r"no language model '.*nothing'"):
        disco(*command, "--model", tmp_path / "nothing")
