"""The page in a real browser, over a small English index with a shipped encoder."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from reproduction.browser import browser
from rewriting.chat import chat_server
from running import Running, serve
from selenium.webdriver import ActionChains, Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from disco_pyserini import Conversation, DiscoSearcher, build_index
from disco_pyserini.rewriting import ChatServer
from disco_pyserini.serving.judging import judge_turns
from disco_pyserini.serving.page_routes import Extras

pytestmark = pytest.mark.slow

NASTY = "<img src=https://example.org/x.png onerror=\"document.title='taken over'\"><script>alert(1)</script>"
NASTY_ID = "<b>nasty</b>&lt;"
PASSAGES = {
    "shutil.copy": "shutil.copy copies a file to another place, with its permissions.",
    "shutil.copytree": "shutil.copytree copies a whole directory tree, and keeps the permissions of its files.",
    "os.mkdir": "os.mkdir makes a directory.",
    "os.chmod": "os.chmod changes the permissions of a file.",
    "os.rmdir": "os.rmdir removes an empty directory.",
    "json.load": "json.load reads JSON from a file.",
    "random.shuffle": "random.shuffle shuffles a list in place.",
    NASTY_ID: f"Copies a directory and its permissions: {NASTY}",
}
CHAT = [
    ("What does shutil.copy do?", "It copies a file."),
    ("Does it keep the permissions?", "Yes, but no other metadata."),
    ("And for a whole directory?", ""),
]
MESSAGES = [
    {"role": role, "content": text}
    for turn in CHAT
    for role, text in zip(("user", "assistant"), turn, strict=True)
    if text
]
REWRITE = "How do I copy a directory with its permissions?"
SIZES = {"phone": (390, 844), "desktop": (1400, 900)}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "pydoc"
    build_index([{"id": docid, "contents": text} for docid, text in PASSAGES.items()], path, encoder="english-tiny")
    return path


@pytest.fixture(scope="module")
def searcher(index: Path) -> Iterator[DiscoSearcher]:
    with DiscoSearcher(index) as opened:
        yield opened


@pytest.fixture(scope="module")
def running(index: Path, searcher: DiscoSearcher, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("judged")
    turns = [
        {"qid": "c_1", "history": [], "utterance": CHAT[0][0], "manual_rewrite": "How do I remove a directory?"},
        {"qid": "c_2", "history": [CHAT[0]], "utterance": CHAT[1][0], "manual_rewrite": REWRITE},
    ]
    lines = "".join(json.dumps({"conversation_id": "c", **turn}) + "\n" for turn in turns)
    (folder / "turns.jsonl").write_text(lines)
    (folder / "qrels.txt").write_text("c_1 0 shutil.copy 1\nc_2 0 shutil.copytree 1\n")
    judged = judge_turns(searcher, str(folder / "turns.jsonl"), str(folder / "qrels.txt"), measure="RR")
    with chat_server() as chat:
        extras = Extras(ChatServer(chat.url, "small", attempts=1), {"pydoc": judged})
        with serve({"pydoc": index}, extras=extras) as server:
            yield server


@pytest.fixture(scope="module")
def chrome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with browser(tmp_path_factory.mktemp("profile")) as driver:
        driver.execute_cdp_cmd("Network.enable", {})
        driver.execute_cdp_cmd(
            "Browser.grantPermissions", {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
        )
        yield driver


@pytest.fixture
def page(chrome: Chrome, running: Running) -> Iterator[Chrome]:
    """The page without a conversation. At the end, nothing went wrong and no request left this machine."""
    size(chrome, "desktop")
    chrome.get("about:blank")
    chrome.get_log("performance")
    chrome.get(f"http://127.0.0.1:{running.port}/")
    wait(chrome, lambda: hits(chrome, "disco"))
    chrome.find_element(By.ID, "clear").click()
    wait(chrome, lambda: not hits(chrome, "disco"))
    yield chrome
    assert chrome.get_log("browser") == []
    assert chrome.title == "DiSCo: look inside a search"
    messages = [json.loads(entry["message"])["message"] for entry in chrome.get_log("performance")]
    urls = [one["params"]["request"]["url"] for one in messages if one["method"] == "Network.requestWillBeSent"]
    assert len(urls) > 10
    assert {urlsplit(url).netloc for url in urls if url.startswith("http")} == {f"127.0.0.1:{running.port}"}


def size(chrome: Chrome, name: str) -> None:
    width, height = SIZES[name]
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": name == "phone"}
    chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def wait(chrome: Chrome, true: Callable[[], Any], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not true() or "waiting" in (chrome.find_element(By.TAG_NAME, "body").get_attribute("class") or ""):
        assert time.monotonic() < end, chrome.find_element(By.TAG_NAME, "body").text
        time.sleep(0.05)


def all_of(chrome: Chrome, selector: str) -> list[WebElement]:
    return chrome.find_elements(By.CSS_SELECTOR, selector)


def texts(chrome: Chrome, selector: str) -> list[str]:
    return [one.text for one in all_of(chrome, selector)]


def hits(chrome: Chrome, column: str) -> list[str]:
    found = chrome.execute_script(
        "return [...document.querySelectorAll(`.column.${arguments[0]} .hit`)].map(hit => hit.dataset.docid)", column
    )
    return list(found)


def paste(chrome: Chrome, text: str) -> None:
    chrome.execute_script("document.getElementById('paste').open = true")
    box = chrome.find_element(By.ID, "json")
    chrome.execute_script("arguments[0].focus(); arguments[0].value = arguments[1]", box, text)
    chrome.find_element(By.ID, "apply").click()


def conversation(turns: int = 3) -> Conversation:
    return Conversation.from_history(CHAT[turns - 1][0], CHAT[: turns - 1])


def test_a_chat_of_three_turns_with_the_keyboard_alone(page: Chrome, searcher: DiscoSearcher) -> None:
    def press(*keys: str) -> None:
        ActionChains(page).send_keys(*keys).perform()

    def go_to(selector: str) -> None:
        target = page.find_element(By.CSS_SELECTOR, selector)
        for _ in range(150):
            if page.switch_to.active_element == target:
                return
            press(Keys.TAB)
        raise AssertionError(f"{selector} cannot be reached with the Tab key")

    assert page.switch_to.active_element.get_attribute("id") == "said"  # after "New chat"
    for number, (question, answer) in enumerate(CHAT, 1):
        press(question, Keys.ENTER)
        wait(page, lambda n=number: texts(page, "#turn-shown") == [f"{n} of {n}"] and hits(page, "disco"))
        assert hits(page, "disco") == [hit.docid for hit in searcher.search(conversation(number), 5)]
        if answer:
            go_to("#speaker")
            press("a")
            go_to("#composer .main")
            page.execute_script("document.getElementById('said').focus()")
            press(answer, Keys.ENTER)
            wait(page, lambda a=answer: any(a in text for text in texts(page, "#history .later")))
            assert page.switch_to.active_element.get_attribute("id") == "said"
    # A weighted word, then a hit: focus shows what hovering shows, Enter opens.
    go_to("#history .word")
    assert page.find_element(By.ID, "tip").is_displayed()
    assert "weight" in page.find_element(By.ID, "tip").text
    press(Keys.ESCAPE)
    assert not page.find_element(By.ID, "tip").is_displayed()
    go_to(".disco .open")
    press(Keys.ENTER)
    wait(page, lambda: all_of(page, ".disco .terms"))
    go_to("#turn")


def test_the_history_is_shaded_by_the_weights_of_its_words(page: Chrome, searcher: DiscoSearcher) -> None:
    paste(page, json.dumps(MESSAGES))
    wait(page, lambda: hits(page, "disco"))
    reading = searcher.read(conversation())
    assert texts(page, "#history p") == [said.text for said in reading.utterances]
    weighted = [(said, word) for said in reading.utterances for word in said.words if word.weight]
    shaded = all_of(page, "#history .word")
    assert len(weighted) > 3
    heaviest = max(word.weight for _, word in weighted)
    for (said, word), span in zip(weighted, shaded, strict=True):
        assert span.text == word.text
        part = page.execute_script("return arguments[0].style.getPropertyValue('--part')", span)
        assert float(part) == pytest.approx(word.weight / heaviest, abs=1e-3)
        shade = float(span.value_of_css_property("background-color").rpartition(",")[2].rstrip(")"))
        assert shade == pytest.approx(0.1 + 0.5 * word.weight / heaviest, abs=0.01)
        says = f"{word.text}: weight {word.weight}, turn {said.turn}, {said.speaker}."
        assert (span.get_attribute("aria-label") or "").startswith(says)
    ActionChains(page).move_to_element(shaded[0]).perform()
    assert page.find_element(By.ID, "tip").text.startswith(f"{weighted[0][1].text}: weight")
    for kind, terms in (("kept", reading.kept), ("added", reading.added)):
        assert texts(page, f".chips.{kind} b") == [str(impact) for impact in terms.values()]
    dropped = list(dict.fromkeys(word.text.lower() for _, word in reading.dropped()))
    assert texts(page, "#query .words") == [" · ".join(dropped)]


def test_three_columns_and_a_score_that_adds_up(page: Chrome, searcher: DiscoSearcher) -> None:
    paste(page, json.dumps({"messages": MESSAGES}))
    wait(page, lambda: hits(page, "disco"))
    box = page.find_element(By.ID, "rewrite")
    box.send_keys(REWRITE, Keys.ENTER)
    wait(page, lambda: hits(page, "rewrite"))
    queries = {"utterance": CHAT[-1][0], "rewrite": REWRITE, "disco": conversation()}
    ranked = {column: [hit.docid for hit in searcher.search(query, 20)] for column, query in queries.items()}
    for column, query in queries.items():
        assert hits(page, column) == ranked[column][:5]
        assert "encoding" in texts(page, f".column.{column} .times")[0]
        first = all_of(page, f".column.{column} .hit")[0]
        docid = first.get_attribute("data-docid") or ""
        for other, place in zip(queries, first.find_elements(By.CSS_SELECTOR, ".place b"), strict=True):
            assert place.text == (str(ranked[other].index(docid) + 1) if docid in ranked[other] else "–")
        first.find_element(By.CSS_SELECTOR, ".open").click()
        wait(page, lambda one=first: one.find_elements(By.CSS_SELECTOR, ".terms"))
        explanation = searcher.explain(query, docid)
        rows = first.find_elements(By.CSS_SELECTOR, ".terms tbody tr")
        assert [row.find_element(By.CSS_SELECTOR, ".product").text for row in rows] == [
            f"{term.query_impact} × {term.document_impact}" for term in explanation.terms
        ]
        bars = [row.find_element(By.CSS_SELECTOR, ".bar").rect["width"] for row in rows]
        assert bars == sorted(bars, reverse=True) and bars[0] > bars[-1]
        shown = first.find_element(By.CSS_SELECTOR, ".total").text.replace(",", "")
        assert int(shown) == explanation.score == round(searcher.search(query, 1)[0].score)


def test_the_language_model_rewrites(page: Chrome) -> None:
    paste(page, json.dumps(MESSAGES))
    wait(page, lambda: hits(page, "disco"))
    page.find_element(By.ID, "ask-model").click()
    wait(page, lambda: hits(page, "rewrite"))
    assert page.find_element(By.ID, "rewrite").get_attribute("value") == f"Rewritten: {CHAT[-1][0]}"
    assert texts(page, ".column.rewrite .times")[0].startswith("rewriting ")


def test_the_slider_goes_back_and_a_link_brings_back(page: Chrome, searcher: DiscoSearcher, running: Running) -> None:
    paste(page, json.dumps(MESSAGES))
    wait(page, lambda: hits(page, "disco"))
    page.find_element(By.ID, "turn").send_keys(Keys.ARROW_LEFT)
    wait(page, lambda: texts(page, "#turn-shown") == ["2 of 3"])
    assert hits(page, "disco") == [hit.docid for hit in searcher.search(conversation(2), 5)]
    page.find_element(By.CSS_SELECTOR, "#terms option[value='4']").click()
    wait(page, lambda: "%22terms%22%3A4" in page.current_url)
    assert hits(page, "disco") == [hit.docid for hit in searcher.search(conversation(2), 5, query_terms=4)]
    page.find_element(By.CSS_SELECTOR, "[data-copy=link]").click()
    wait(page, lambda: texts(page, "#copied") == ["link copied"])
    link = page.execute_async_script("navigator.clipboard.readText().then(arguments[0])")
    page.get("about:blank")
    page.get(link)
    wait(page, lambda: texts(page, "#turn-shown") == ["2 of 3"] and hits(page, "disco"))
    assert page.find_element(By.ID, "terms").get_attribute("value") == "4"


def test_snippets_do_the_search_of_the_page(
    page: Chrome, searcher: DiscoSearcher, index: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import shutil
    import subprocess

    messages = [*MESSAGES[:-1], {"role": "user", "content": "And for a 'whole' \"directory\"? \\ ☃"}]
    paste(page, json.dumps(messages))
    wait(page, lambda: hits(page, "disco"))
    expected = [hit.docid for hit in searcher.search(Conversation.from_messages(messages), 5)]
    copied = {}
    for kind in ("curl", "Python", "LangChain"):
        page.find_element(By.CSS_SELECTOR, f"[data-copy={kind}]").click()
        wait(page, lambda k=kind: texts(page, "#copied") == [f"{k} copied"])
        copied[kind] = page.execute_async_script("navigator.clipboard.readText().then(arguments[0])")
        assert page.find_element(By.ID, "snippet").get_attribute("textContent") == copied[kind]
    if shutil.which("curl"):
        done = subprocess.run(["bash", "-c", copied["curl"]], capture_output=True, check=True)
        assert [hit["docid"] for hit in json.loads(done.stdout)["hits"]] == expected
    for kind in ("Python", "LangChain"):
        exec(copied[kind].replace('"pydoc"', repr(str(index))), {})
        lines = capsys.readouterr().out.splitlines()
        assert [next(docid for docid in PASSAGES if line.startswith(docid + " ")) for line in lines] == expected


def test_judged_turns_are_browsed_and_opened(page: Chrome) -> None:
    rows = all_of(page, "#judged-rows tr")
    assert [row.find_element(By.CSS_SELECTOR, "button").text for row in rows] == ["c_1", "c_2"]
    assert rows[0].find_element(By.CSS_SELECTOR, ".difference").text.startswith("+")
    page.find_element(By.CSS_SELECTOR, "[data-filter='DiSCo wins']").click()
    assert len(all_of(page, "#judged-rows tr")) == 1
    page.find_element(By.CSS_SELECTOR, "[data-filter='All']").click()
    all_of(page, "#judged-rows button")[1].click()
    wait(page, lambda: hits(page, "rewrite"))
    assert page.find_element(By.ID, "rewrite").get_attribute("value") == REWRITE
    relevant = page.execute_script(
        "return [...document.querySelectorAll('.relevant')].map(one => one.closest('.hit').dataset.docid)"
    )
    assert set(relevant) == {"shutil.copytree"}


def test_html_in_messages_and_passages_stays_text(page: Chrome) -> None:
    question = f"{NASTY} copy a directory with permissions"
    paste(page, json.dumps([{"role": "user", "content": question}]))
    wait(page, lambda: NASTY_ID in hits(page, "disco"))
    assert NASTY_ID in texts(page, ".disco .docid")
    assert any(NASTY in text for text in texts(page, ".disco .text"))
    assert NASTY.replace(" ", "") in "".join(texts(page, "#history p")).replace(" ", "")
    assert all_of(page, "main img, main script") == []


def test_wrong_messages_are_named_and_change_nothing(page: Chrome) -> None:
    paste(page, json.dumps(MESSAGES))
    wait(page, lambda: hits(page, "disco"))
    before = hits(page, "disco")
    for text, expected in (
        ("[{", "Not JSON"),
        ("{}", "Expected a list"),
        ("[1]", "Message 1: expected an object"),
        ('[{"role": "system", "content": "x"}]', "at least one message with the role user"),
    ):
        paste(page, text)
        assert expected in page.find_element(By.ID, "json-problem").text
    assert hits(page, "disco") == before


@pytest.mark.parametrize("width", SIZES)
def test_everything_is_in_view(page: Chrome, width: str) -> None:
    size(page, width)
    paste(page, json.dumps(MESSAGES))
    wait(page, lambda: hits(page, "disco"))
    page.find_element(By.CSS_SELECTOR, ".disco .open").click()
    wait(page, lambda: all_of(page, ".disco .terms"))
    assert page.execute_script("return document.documentElement.scrollWidth") <= SIZES[width][0]
    for selector in (".column", ".hit", ".terms", "#history li", "button", "select", "textarea", "#judged-rows td"):
        for one in all_of(page, selector):
            if one.is_displayed():
                assert one.rect["x"] >= 0 and one.rect["x"] + one.rect["width"] <= SIZES[width][0], one.text
    columns = [one.rect["y"] for one in all_of(page, ".column")]
    assert (columns[0] == columns[2]) == (width == "desktop")


def test_names_for_screen_readers(page: Chrome) -> None:
    paste(page, json.dumps(MESSAGES))
    wait(page, lambda: hits(page, "disco"))
    page.execute_script("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    for one in all_of(page, "button, select, input, textarea, section, table"):
        if one.is_displayed():
            assert one.accessible_name, one.get_attribute("outerHTML")
    ids = [one.get_attribute("id") for one in all_of(page, "[id]")]
    assert len(ids) == len(set(ids))


def test_the_browser_s_dark_scheme_is_respected(running: Running, tmp_path: Path) -> None:
    brightness = "return getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)[0]"
    with browser(tmp_path / "dark", dark=True) as dark:
        dark.get(f"http://127.0.0.1:{running.port}/")
        assert dark.execute_script(brightness) < 50


def test_a_key_is_asked_for(index: Path, chrome: Chrome) -> None:
    with serve({"pydoc": index}, keys=["opensesame"]) as running:
        chrome.get(f"http://127.0.0.1:{running.port}/")
        wait(chrome, lambda: chrome.find_element(By.ID, "key").is_displayed())
        assert "expected an API key" in chrome.find_element(By.ID, "problem").text
        chrome.find_element(By.ID, "key-text").send_keys("opensesame", Keys.ENTER)
        wait(chrome, lambda: hits(chrome, "disco"))
        assert not chrome.find_element(By.ID, "problem").is_displayed()
    chrome.get_log("browser")  # the answer 401
