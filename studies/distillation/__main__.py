"""Trains what is missing, then writes the report. The students of real English need the folder of the collections."""

import sys
from pathlib import Path

from studies.distillation.english import EnglishStudy, run_english
from studies.distillation.students import SEEDS, VARIANTS, Study, run_study
from studies.distillation.study_page import write_report

study, english = Study.read(), EnglishStudy.read()
missing = [(seed, name) for seed in SEEDS for name in VARIANTS if str(seed) not in study.students.get(name, {})]
if missing:
    run_study(study, missing)
for folder in sys.argv[1:2]:
    run_english(english, Path(folder))
write_report(study, english)
