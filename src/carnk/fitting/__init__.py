"""From data to numbers: the fit to Marin 2024, the plausible worlds, the held-out scores.

The library's priors and built-in studies go in; fitted numbers with their uncertainty, tables of
the library and docs/calibration.md come out. Read `calibrate.py` first, then `joint.py`.
"""
