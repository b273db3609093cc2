"""The report in a real browser. The demo world's own page is looked at in `test_recipes`."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from reproduction.browser import browser
from reproduction.small import RECIPE, make_small, reproduce
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

NASTY = "<script>document.title='taken over'</script><img src=https://example.org/x.png> & \"quotes\" $x^$"
PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}

# Enough questions for a significant difference, and a text that must not become part of the page's code.
MANY = [f"q_{number}" for number in range(1, 41)]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    recipe = RECIPE.replace("about: Three questions.", f"about: {json.dumps(NASTY)}").replace(
        "queries: 3", "queries: 40"
    )
    recipe = recipe.replace("display: In <order>", f"display: {json.dumps(NASTY)}").replace("MRR: 0.6667", "MRR: 0.9")
    recipe = recipe.replace("query: utterance", f"query: {json.dumps(NASTY)}")
    make_small(folder, recipe)
    tool = folder / "tool.py"
    tool.write_text(tool.read_text().replace('("c_1", "c_2", "d_1")', repr(tuple(MANY))))
    turns = [
        {"qid": qid, "conversation_id": "q", "history": [["a", "b"]] * (number % 4), "utterance": "c"}
        for number, qid in enumerate(MANY)
    ]
    (folder / "data" / "turns.jsonl").write_text("".join(json.dumps(turn) + "\n" for turn in turns))
    # One of the two documents is relevant, mostly the second.
    (folder / "data" / "qrels.txt").write_text(
        "".join(f"{qid} 0 {'a' if number % 8 == 0 else 'b'} 1\n" for number, qid in enumerate(MANY))
    )
    done = reproduce(folder, "--collection", "small.yaml", "--report", "report.html")
    assert "report: report.html" in done.stdout, done.stderr
    return folder / "report.html"


@pytest.fixture(scope="module")
def chrome(page: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with browser(tmp_path_factory.mktemp("profile")) as driver:
        driver.execute_cdp_cmd("Network.enable", {})
        driver.get(page.as_uri())
        yield driver


def column(chrome: Chrome, number: int) -> list[str]:
    cells = chrome.find_elements(By.CSS_SELECTOR, f"table.matrix tbody tr > :nth-child({number})")
    return [cell.text.split()[0] for cell in cells]


@pytest.mark.slow
def test_no_request_leaves_the_page_and_nothing_goes_wrong(chrome: Chrome, page: Path) -> None:
    messages = [json.loads(entry["message"])["message"] for entry in chrome.get_log("performance")]
    sent = [message["params"] for message in messages if message["method"] == "Network.requestWillBeSent"]
    urls = {request["request"]["url"] for request in sent if request["documentURL"] == page.as_uri()}
    assert urls == {page.as_uri()}
    assert chrome.get_log("browser") == []
    assert chrome.title == "Baseline runs"
    assert NASTY in chrome.find_element(By.TAG_NAME, "main").text
    # The text of the description, of the system's name and of its query form.
    texts = [chrome.find_element(By.CSS_SELECTOR, place).text for place in ("section > p", "tbody th", "tbody th span")]
    assert [NASTY in text for text in texts] == [True] * 3
    assert chrome.find_elements(By.CSS_SELECTOR, "img, main script") == []


def test_measured_beside_expected_with_verdict_and_significance(chrome: Chrome) -> None:
    first, second = chrome.find_elements(By.CSS_SELECTOR, "table.matrix tbody tr")
    assert first.find_elements(By.TAG_NAME, "td")[0].text.split() == ["0.5625", "0.9", "FAIL"]
    assert second.find_elements(By.TAG_NAME, "td")[0].text.split() == ["▲", "0.9375"]
    marker = second.find_element(By.CSS_SELECTOR, "[role=img]")
    assert re.fullmatch(r"better than .*, p = \d\.?\d*e-\d+", marker.get_attribute("aria-label") or "")
    caption = chrome.find_element(By.CSS_SELECTOR, "table.matrix caption").text
    assert "Holm–Bonferroni" in caption
    assert "2 comparisons" in caption


def test_sorting(chrome: Chrome) -> None:
    head = chrome.find_element(By.CSS_SELECTOR, "table.matrix th:nth-child(2)")
    button = head.find_element(By.TAG_NAME, "button")
    for direction, expected in (("descending", ["0.9375", "0.5625"]), ("ascending", ["0.5625", "0.9375"])):
        button.click()
        assert head.get_attribute("aria-sort") == direction
        assert [cell.replace("▲", "") or "0.9375" for cell in column(chrome, 2)] == expected
    chrome.find_element(By.CSS_SELECTOR, "table.matrix th:nth-child(3) button").click()
    assert head.get_attribute("aria-sort") is None


def test_a_score_leads_to_its_commands_which_can_be_copied(chrome: Chrome, page: Path) -> None:
    chrome.execute_cdp_cmd(
        "Browser.grantPermissions", {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
    )
    chrome.find_element(By.LINK_TEXT, "0.9375").click()
    block = chrome.find_element(By.CSS_SELECTOR, ".commands:target")
    assert block.is_displayed()
    block.find_element(By.CSS_SELECTOR, "button.copy").click()
    copied = chrome.execute_async_script("navigator.clipboard.readText().then(arguments[0])")
    assert copied.splitlines() == [
        "python tool.py index reproduction/small/index data/docs.txt",
        "python tool.py backwards reproduction/small/run.test.backwards.txt reproduction/small/index",
        "disco evaluate --run reproduction/small/run.test.backwards.txt --qrels data/qrels.txt --measures 'MRR R@1'",
    ]


def test_on_a_phone_every_value_is_in_view_with_its_name(chrome: Chrome) -> None:
    chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    try:
        chrome.execute_script("document.querySelectorAll('details').forEach(each => { each.open = true; })")
        assert chrome.execute_script("return document.documentElement.scrollWidth") == 390
        columns = [
            head.get_attribute("textContent") for head in chrome.find_elements(By.CSS_SELECTOR, ".matrix thead th")
        ]
        rows = chrome.find_elements(By.CSS_SELECTOR, "table.matrix tbody tr")
        assert rows
        assert chrome.find_element(By.CSS_SELECTOR, ".matrix caption").rect["width"] > 300
        for row in rows:
            cells = row.find_elements(By.CSS_SELECTOR, "td")
            assert [cell.get_attribute("data-label") for cell in cells] == columns[1:]
            for cell in cells:
                assert cell.is_displayed()
                assert cell.rect["x"] >= 0 and cell.rect["x"] + cell.rect["width"] <= 390
    finally:
        chrome.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_prints_to_pdf(chrome: Chrome) -> None:
    document = base64.b64decode(chrome.print_page())
    assert document.startswith(b"%PDF")
    assert len(document) > 10_000


def test_the_browser_s_dark_scheme_is_respected(page: Path, tmp_path: Path) -> None:
    brightness = "return getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)[0]"
    with browser(tmp_path / "dark", dark=True) as dark:
        dark.get(page.as_uri())
        assert dark.execute_script(brightness) < 50


def test_without_javascript_everything_but_buttons_is_there(page: Path, tmp_path: Path) -> None:
    with browser(tmp_path / "plain", javascript=False) as plain:
        plain.get(page.as_uri())
        assert plain.find_elements(By.TAG_NAME, "button") == []
        assert "0.9375" in plain.find_element(By.CSS_SELECTOR, "table.matrix").text
        plain.find_element(By.LINK_TEXT, "0.9375").click()
        assert plain.find_element(By.CSS_SELECTOR, ".commands:target pre").is_displayed()


class _Page(HTMLParser):
    """Collects ids, links, and table headers."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.outside: list[str] = []
        self.unscoped = 0
        self.tables = 0
        self.captions = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        fields = dict(attrs)
        self.ids += [fields["id"]] if fields.get("id") else []
        self.links += [fields["href"][1:]] if (fields.get("href") or "").startswith("#") else []
        self.outside += [str(fields[name]) for name in ("src", "href") if not (fields.get(name) or "#").startswith("#")]
        self.unscoped += tag == "th" and "scope" not in fields
        self.tables += tag == "table"
        self.captions += tag == "caption"


def test_the_markup_is_accessible_and_self_contained(page: Path) -> None:
    found = _Page()
    found.feed(page.read_text())
    assert len(found.ids) == len(set(found.ids))
    assert found.links
    assert set(found.links) <= set(found.ids)
    assert found.outside == []
    assert found.unscoped == 0
    assert found.tables == found.captions > 0
