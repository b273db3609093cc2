"""What the DiSCo papers claim, tried on the demo world and on real English: ``python -m studies.distillation``.

Trains many small students, measures each on the demo's test split, and writes ``docs/distillation-study.md`` and its
plots. With a folder of collections, it does the same on real English. Results are kept as they come in
``docs/distillation-study/results.json`` and ``english.json``, so that a stopped study goes on, and a finished one is
only written again.
"""
