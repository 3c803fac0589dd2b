"""From data to numbers: courses of patients, the fit to Marin 2024, worlds, held-out scores.

The library's priors and built-in studies go in; fitted numbers with their uncertainty, tables of
the library and docs/calibration.md come out. Read `run.py` first for courses of
patients (`carnk fit`), `calibrate.py` for our own calibration.
"""
