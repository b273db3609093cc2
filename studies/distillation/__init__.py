"""What the DiSCo papers claim, tried on the demo world: ``python -m studies.distillation``.

Trains many small students, measures each on the demo's test split, and writes ``docs/distillation-study.md`` and its
plots. Results are kept as they come in ``docs/distillation-study/results.json``, so that a stopped study goes on, and
a finished one is only written again.
"""
