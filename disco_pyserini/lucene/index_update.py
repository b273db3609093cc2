"""Adding documents to a Lucene impact index, replacing and deleting them, without writing the others again."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Collection
from pathlib import Path
from time import perf_counter

from disco_pyserini.errors import InputError
from disco_pyserini.files import folder_aside
from disco_pyserini.lucene.document_writer import java_failures
from disco_pyserini.lucene.impact_index import write_vectors
from disco_pyserini.lucene.index_reading import open_reader
from disco_pyserini.search.engine import IndexSummary
from disco_pyserini.search.index_manifest import FILE_NAME, IndexManifest, read_impact_manifest, write_index_manifest
from disco_pyserini.vectors.batch import VectorSource


def update_index(
    index: Path,
    source: VectorSource,
    delete: Collection[str],
    directory: Path,
    *,
    threads: int = 1,
    progress: Callable[[int], None] | None = None,
) -> IndexSummary:
    """Write an updated copy of an index; see `disco_pyserini.search.engine.UpdateIndex`.

    Files that do not change are shared with the old index by hard links, where the file system has them. Segments with
    deleted documents are rewritten, so that document frequencies are those of the documents that are left.
    """
    manifest = read_impact_manifest(index)
    if manifest is None:
        raise InputError(f"{index}: expected an index of disco index, found one of another program: build it again")
    began = perf_counter()
    new = {docid for batch in source.batches() for docid in batch.ids}
    with folder_aside(directory) as aside, java_failures(directory):
        for file in index.iterdir():
            if file.is_file() and file.name not in (FILE_NAME, "write.lock"):
                _link(file, aside / file.name)
        count = write_vectors(source, aside, threads, manifest.raw, progress, replaced={*new, *delete})
        count.refuse_duplicates(source)
        documents, postings = _sizes(aside)
        if not documents:
            raise InputError(f"{index}: no document would be left: expected some that are not deleted")
        write_index_manifest(
            IndexManifest(space=manifest.space, documents=documents, postings=postings, raw=manifest.raw), aside
        )
    return IndexSummary(directory, documents, count.empty, postings, perf_counter() - began)


def _link(file: Path, link: Path) -> None:
    # Lucene never changes a file that it has written.
    try:
        os.link(file, link)
    except OSError:  # another file system, or one without links
        shutil.copyfile(file, link)


def _sizes(index: Path) -> tuple[int, int]:
    """Return the numbers of documents and of postings."""
    with open_reader(index) as reader:
        leaves = [leaf.reader() for leaf in reader.leaves().toArray()]
        terms = [leaf.terms("contents") for leaf in leaves]
        return reader.numDocs(), sum(found.getSumDocFreq() for found in terms if found is not None)
