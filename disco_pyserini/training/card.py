"""The model card: sentence-transformers' card with an added section about the distillation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sentence_transformers.sparse_encoder.model_card import SparseEncoderModelCardData

from disco_pyserini.conversation import SEPARATOR
from disco_pyserini.encoding.gated_splade import GatedSplade
from disco_pyserini.records import Record
from disco_pyserini.training.augmentation import Augmentation
from disco_pyserini.training.config import Data, TrainingConfig

_NO_BASE_MODEL = "<!-- - **Base model:** [Unknown](https://huggingface.co/unknown) -->"
"""sentence-transformers' text for a base model that is not on the hub."""

# The name of the model is sentence-transformers' placeholder, which its push_to_hub replaces.
_USAGE = f"""```python
from sentence_transformers import SparseEncoder
IMPORT
model = SparseEncoder("sparse_encoder_model_id")
queries = model.encode_query(["when was it built? {SEPARATOR} in 1890 {SEPARATOR} who designed the bridge?"])
documents = model.encode_document(["The bridge was built in 1888.", "The river is 80 miles long."])
print(model.similarity(queries, documents))
```"""

_GATED = "import disco_pyserini.encoding.gated_splade  # makes gated encoders known to transformers\n"


class StudentCard(SparseEncoderModelCardData):
    """The card of a student, without training texts as examples, since their licence may forbid publication."""

    def set_widget_examples(self, dataset: Any) -> None:
        """Set none."""

    def compute_dataset_metrics(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Describe the dataset without samples."""
        described: dict[str, Any] = super().compute_dataset_metrics(*args, **kwargs)
        samples = {"examples", "examples_table", "_example_columns"}
        return {name: value for name, value in described.items() if name not in samples}

    def generate_usage_snippet(self) -> str:
        """Show both routes: neither is the default."""
        gated = self.model is not None and any(isinstance(module, GatedSplade) for module in self.model.modules())
        return _USAGE.replace("IMPORT\n", _GATED if gated else "\n")


def add_section(
    folder: Path, config: TrainingConfig, queries: int, scores: Mapping[str, float], notes: Sequence[str]
) -> None:
    """Add base model, data, teachers, objective, scores and licence to the card of a saved model."""
    queries_of = [collection for collection in config.data if collection.source]
    others = [collection.title for collection in config.data if not collection.source]
    lines = [
        "\n## Distillation\n",
        "A DiSCo query encoder: it reads a whole conversation, newest turn first; it searches the vectors "
        f"of the document encoder `{config.model.document_encoder}`, which was not changed.\n",
        "| | |",
        "| --- | --- |",
        *([f"| query encoder | gated, with the reader `{config.model.reader}` |"] if config.model.reader else []),
        f"| data | {'; '.join(map(_described, queries_of))}; {queries:,} queries together |",
        *([f"| more documents | {'; '.join(others)} |"] if others else []),
        f"| teachers | {', '.join(config.teacher.files) or _rewrites(config)}{_fusion(config)} |",
        *([f"| augmentation | {_settings(config.augment)} |"] if config.augment != Augmentation() else []),
        f"| objective | {_settings(config.loss)} |",
        f"| sampling | {_settings(config.sampling)} |",
        f"| regulariser | {_settings(config.regulariser)} |",
        f"| licence | {config.licence or 'not stated: that of the document encoder and of the data apply'} |",
    ]
    if scores:
        held_out = [f"{each.held_out:.0%} of {each.title}, held out" for each in queries_of if each.held_out]
        lines += [f"\nOn the dev queries ({'; '.join([*held_out, *(each.title for each in config.dev)])}):\n"]
        lines += ["| measure | |", "| --- | --- |", *(f"| {name} | {value:.4f} |" for name, value in scores.items())]
    lines += [f"\n- {note}" for note in notes]
    card = folder / "README.md"
    base = config.model.query_encoder or config.model.document_encoder
    before = card.read_text(encoding="utf-8").replace(_NO_BASE_MODEL, f"- **Base model:** {base}")
    card.write_text(before + "\n".join(lines) + "\n", encoding="utf-8")


def _described(collection: Data) -> str:
    own = [f"weight {collection.weight:g}"] if collection.weight != 1 else []
    own += [f"rewrites {' and '.join(collection.rewrites)}"] if collection.rewrites else []
    return collection.title + (f" ({', '.join(own)})" if own else "")


def _rewrites(config: TrainingConfig) -> str:
    return ", ".join(f"{config.model.document_encoder} on {name} rewrites" for name in config.teacher.rewrites)


def _fusion(config: TrainingConfig) -> str:
    several = len(config.teacher.files) + len(config.teacher.rewrites) > 1
    return f", fused by {config.teacher.fusion}" if several else ""


def _settings(record: Record) -> str:
    return ", ".join(f"{name} {value}" for name, value in record.model_dump().items() if value != {})
