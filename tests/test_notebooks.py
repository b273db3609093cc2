"""What notebooks show, and the notebooks in examples/."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from IPython.core.formatters import HTMLFormatter
from nbclient import NotebookClient

from disco_pyserini import Conversation, DiscoSearcher, Explanation, Hit, Turn
from disco_pyserini.html_tables import html_table
from disco_pyserini.search.hits import Hits

EXAMPLES = Path(__file__).parents[1] / "examples"
MARKUP = "<script>alert('&')</script>"


def shown(value: object) -> str:
    """Return the HTML that Jupyter shows."""
    html = HTMLFormatter()(value)
    assert html
    return html


def cells(html: str) -> list[list[str]]:
    return [re.findall(r"<td.*?>(.*?)</td>", row) for row in re.findall(r"<tr>(.*?)</tr>", html)][1:]


def test_tables_are_escaped() -> None:
    html = html_table(MARKUP, [MARKUP], [[MARKUP], [None], [3]])
    assert html.count("&lt;script&gt;alert(&#x27;&amp;&#x27;)&lt;/script&gt;") == 3
    assert "<script" not in html
    assert cells(html)[1:] == [[""], ["3"]]
    assert "mathjax_ignore" in html  # otherwise "$5 and $6" is shown as a formula


def test_a_conversation() -> None:
    html = shown(Conversation((Turn("who <i>designed</i> it?", "Ada"), Turn("when?"))))
    assert cells(html) == [["1", "who &lt;i&gt;designed&lt;/i&gt; it?", "Ada"], ["2", "when?", ""]]


def test_an_explanation() -> None:
    html = shown(Explanation.of("d<1", {"[SEP]": (2, 3), "<b>": (4, 5)}))
    assert "d&lt;1: score 26" in html
    assert cells(html) == [["&lt;b&gt;", "4", "5", "20"], ["[SEP]", "2", "3", "6"]]


class Texts:
    def text(self, docid: str) -> str | None:
        return {"long": "word " * 100, "b": MARKUP}.get(docid)


def test_hits() -> None:
    hits = Hits.of([Hit("long", 12.0, Texts()), Hit("b", 11.999999, Texts()), Hit("c", 3.0, Texts())])
    first, second, third = cells(shown(hits))
    assert first[:3] == ["1", "long", "12"] and first[3].endswith("word …") and len(first[3]) < 310
    assert second == ["2", "b", "12", "&lt;script&gt;alert(&#x27;&amp;&#x27;)&lt;/script&gt;"]
    assert third == ["3", "c", "3", ""]
    assert hits == list(hits)


def test_hits_of_a_searcher_that_was_closed(tiny: Any) -> None:
    text = next(iter(tiny.texts.values()))
    with DiscoSearcher(tiny.index) as searcher:
        hits = searcher.search(text, k=3)
    assert cells(shown(hits)) == [[str(rank), hit.docid, f"{hit.score:.0f}", ""] for rank, hit in enumerate(hits, 1)]
    assert "the searcher is closed" in shown(hits)


def outputs(book: Any) -> list[str]:
    """Return the HTML of each cell that shows some."""
    return [
        output["data"]["text/html"]
        for cell in book.cells
        for output in cell.get("outputs", ())
        if "text/html" in output.get("data", {})
    ]


def test_every_notebook_is_tested() -> None:
    tested = re.findall(r'execute\("(.+?)"\)', Path(__file__).read_text(encoding="utf-8"))
    assert tested == sorted(path.name for path in EXAMPLES.glob("*.ipynb"))


@pytest.fixture(scope="module")
def execute(demo: Path) -> Callable[[str], list[str]]:
    def run(name: str) -> list[str]:
        book = nbformat.read(EXAMPLES / name, as_version=4)
        assert not outputs(book), "stored without outputs"
        NotebookClient(book, timeout=300, resources={"metadata": {"path": str(demo.parent)}}).execute()
        return outputs(book)

    return run


def test_look_at_a_search(execute: Callable[[str], list[str]]) -> None:
    conversation, alone, hits, explanation = execute("11_look_at_a_search.ipynb")
    assert cells(conversation)[-1] == ["2", "Is it chilly there in winter?", ""]
    assert "Lerduvale" not in alone
    [best, *_] = cells(hits)
    assert best[1] == "place-000002-climate" and best[3].startswith("The climate of Lerduvale")
    assert sum(int(row[3]) for row in cells(explanation)) == int(best[2])


def test_an_experiment_with_pyterrier(execute: Callable[[str], list[str]]) -> None:
    _, table, conversation = execute("12_pyterrier_experiment.ipynb")
    for form in ("utterance", "last:2", "user-turns", "conversation"):
        assert f"<td>{form}</td>" in table
    assert len(cells(conversation)) == 3
