"""Files of a later version are refused by name, whatever else they hold."""

from __future__ import annotations

import pytest

from disco_pyserini.errors import InputError
from disco_pyserini.flat.flat_files import FlatManifest
from disco_pyserini.records import Record
from disco_pyserini.search.corpus_index import _State
from disco_pyserini.search.index_manifest import IndexManifest
from disco_pyserini.vectors import Manifest


@pytest.mark.parametrize(
    ("record", "field"),
    [(Manifest, "version"), (FlatManifest, "version"), (IndexManifest, "format"), (_State, "format")],
)
def test_a_later_version_is_refused(record: type[Record], field: str) -> None:
    with pytest.raises(InputError, match=f"the file: {field}: expected 1, found 2: update disco-pyserini"):
        record.check({field: 2, "new": [3]}, "the file")
    with pytest.raises(InputError, match=f"the file: {field}: expected 1, found 0"):
        record.check({field: 0}, "the file")
