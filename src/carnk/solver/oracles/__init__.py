"""Small SBML models of our own, one per feature of the standard, with their exact solutions.

A model is a file of this folder, its solution a function of time in `answers.py`. They go into
`carnk selftest`, the unit tests and the support table of the documentation.
"""
