"""A small process to vary, and lots of it."""

import pytest

from carnk.making import make, parse, read

TEXT = """
process: small
about: A small process.
steps:
  - step: source
    by: cord_unit
  - step: isolate
    by: cd3_depletion
  - step: expand
    by: k562_mbil21
    days: 6 days
  - step: transduce
    by: retroviral_rd114
    moi: 10
  - step: expand
    by: k562_mbil21
    days: 9 days
    restimulate: 9 days
  - step: harvest
  - step: formulate
    cells_per_bag: 5e8 cells
  - step: freeze
dose:
  amount: 1e6 cells/kg
  counts: car_positive
release: car_nk
"""


@pytest.fixture
def text():
    return TEXT


@pytest.fixture(scope="session")
def small():
    return parse(TEXT)


@pytest.fixture(scope="session")
def small_lots(small):
    return make(small, 400, 7)


@pytest.fixture(scope="session")
def cord_lots():
    return make(read("cord_blood_mbil21"), 400, 7)
