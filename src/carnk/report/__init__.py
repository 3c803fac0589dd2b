"""The report: a run folder in, one self-contained page and a summary for the terminal out.

`write` reads study.yaml, run.json and the tables of a run and puts report.html beside them;
`terminal.show` prints the same in short. Read `page.py` first, then one file of `sections/`.
"""

from pathlib import Path


def write(folder: Path) -> Path:
    """Write `report.html` into a run folder, whole or not at all, and return its path.

    Raises SpecError when `folder` holds no run. Plotting and templates are loaded only here.
    """
    from . import comparator, page

    path = Path(folder)
    return comparator.write_page(path) if comparator.is_run(path) else page.write_page(path)


__all__ = ["write"]
