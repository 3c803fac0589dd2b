"""Mixed-effects models: what differs between patients, what is the same, how well each is known.

A structure (numbers of a patient in, courses out), samples and a population go in; population
numbers with their posterior, individual numbers and diagnostics come out. Read `population.py`
first, then `marginal.py`.
"""
