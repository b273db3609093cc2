"""Trains what is missing, then writes the report."""

from benchmarks.distillation_study.report import write_report
from benchmarks.distillation_study.students import SEEDS, VARIANTS, Study, run_study

study = Study.read()
missing = [(seed, name) for seed in SEEDS for name in VARIANTS if str(seed) not in study.students.get(name, {})]
if missing:
    run_study(study, missing)
write_report(study)
