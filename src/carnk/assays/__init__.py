"""The lab's own assays: plates, flow files, copies, counts and courses to estimates with error.

Files as instruments and people write them go in; tables of estimates with intervals, quality flags
that name the wells, and numbers that other rooms take come out. Read `plate.py` first.

The public way to fit any curve is `fit_curve(f, x, y, starts, weights=None)`: f(x, b) returns as
many values as y for a vector b of parameters, starts is one such vector or several; the `Fit` it
returns holds parameters and errors, or `converged` is False and `why` says the reason.
"""

from .regression import Fit, fit_curve

__all__ = ["Fit", "fit_curve"]
