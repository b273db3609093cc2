"""Trains what is missing, then writes the report."""

from studies.distillation.students import SEEDS, VARIANTS, Study, run_study
from studies.distillation.study_page import write_report

study = Study.read()
missing = [(seed, name) for seed in SEEDS for name in VARIANTS if str(seed) not in study.students.get(name, {})]
if missing:
    run_study(study, missing)
write_report(study)
