"""The terminal: parse words, call a verb, print.

Words of the command line go in; text, run folders and exit codes come out (0 fine, 2 your file,
3 a number, 4 the mathematics, 5 your data, 130 interrupted). Read `app.py` first.
"""

from .app import main

__all__ = ["main"]
