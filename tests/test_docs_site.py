"""The documentation site builds without warnings, and loads nothing from other hosts."""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

import disco_pyserini

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).parents[1]
EXTERNAL = re.compile(r"^(?:\w+:)?//")


class Loaded(HTMLParser):
    """Collects the addresses that a page loads; links that a reader may follow are not among them."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.addresses += [values[name] for name in ("src", "data", "poster") if name in values]
        if tag == "link":
            self.addresses.append(values.get("href", ""))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    options = ["--quiet", "--fail-on-warning", "--keep-going", "--doctree-dir", str(folder / "trees")]
    command = [sys.executable, "-m", "sphinx", *options, str(REPOSITORY / "docs"), str(folder / "html")]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "html"


def test_every_page_is_in_the_site(site: Path) -> None:
    pages = {path.with_suffix(".html").name for path in (REPOSITORY / "docs").glob("*.md")}
    assert pages <= {path.name for path in site.glob("*.html")}
    assert "Ask your documents" in (site / "index.html").read_text(encoding="utf-8")


def test_pages_load_nothing_from_other_hosts(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    loaded = []
    for path in pages:
        page = Loaded()
        page.feed(path.read_text(encoding="utf-8"))
        loaded += page.addresses
    assert "_static/styles/furo.css" in {address.split("?")[0] for address in loaded}
    assert [address for address in loaded if EXTERNAL.match(address)] == []
    styles = "".join(path.read_text(encoding="utf-8") for path in site.rglob("*.css"))
    addresses = re.findall(r"(?:url\(|@import)\s*[\"']?([^\"')\s;]+)", styles)
    assert [address for address in addresses if EXTERNAL.match(address)] == []


def test_the_reference_has_every_public_name_and_command(site: Path) -> None:
    api = (site / "api.html").read_text(encoding="utf-8")
    assert [name for name in disco_pyserini.__all__ if f'id="disco_pyserini.{name}"' not in api] == []
    package = Path(disco_pyserini.__file__).parent
    sources = "\n".join(path.read_text(encoding="utf-8") for path in package.rglob("*.py"))
    extensions = re.findall(r"^\w+: Registry\[(?:type\[)?(\w+)\]", sources, flags=re.MULTILINE)
    assert len(extensions) == 8
    assert [name for name in extensions if not re.search(rf'id="disco_pyserini[\w.]*\.{name}"', api)] == []
    commands = (site / "cli.html").read_text(encoding="utf-8")
    assert 'id="disco-encode"' in commands and "--shard-num" in commands
