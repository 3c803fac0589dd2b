"""PEtab problems (version 1): an SBML model, conditions, measurements, and what is estimated.

A problem.yaml goes in and a fit by maximum likelihood comes out; a fit goes in and the folder of
a problem comes out. Read `read.py` first, then `objective.py`. What is not supported is refused.
"""
