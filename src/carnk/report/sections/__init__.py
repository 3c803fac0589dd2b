"""The sections of the page: each file turns the record of a run into what its template shows.

`content(record)` returns plain values, texts and marks; `templates/<section>.html` lays them out.
Read `comparison.py` first.
"""
