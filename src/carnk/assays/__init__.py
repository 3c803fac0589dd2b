"""The lab's own assays: plates, flow files, copies, counts and courses to estimates with error.

Files as instruments and people write them go in; tables of estimates with intervals, quality flags
that name the wells, and numbers that other rooms take come out. Read `plate.py` first.
"""
