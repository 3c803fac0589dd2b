"""carnk: the CAR-NK therapy system in silico, from construct to patient, every number sourced.

>>> import carnk
>>> carnk.read("liu2020").registry
'NCT03056339'
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from .base import CarnkError as CarnkError
    from .domain import Construct as Construct
    from .domain import Product as Product
    from .domain import Regimen as Regimen
    from .domain import Study as Study
    from .library import load as numbers
    from .report import write as report
    from .report.kill import kill as kill
    from .study import Result as Result
    from .study.find import built_in as studies
    from .study.read import read as read
    from .study.result import run as run

_HOMES = {
    "CarnkError": (".base", "CarnkError"),
    "Construct": (".domain", "Construct"),
    "Product": (".domain", "Product"),
    "Regimen": (".domain", "Regimen"),
    "Result": (".study", "Result"),
    "Study": (".domain", "Study"),
    "kill": (".report.kill", "kill"),
    "numbers": (".library", "load"),
    "read": (".study", "read"),
    "report": (".report", "write"),
    "run": (".study", "run"),
    "studies": (".study", "built_in"),
}
__all__ = [
    "CarnkError",
    "Construct",
    "Product",
    "Regimen",
    "Result",
    "Study",
    "kill",
    "numbers",
    "read",
    "report",
    "run",
    "studies",
]


def __getattr__(name: str) -> Any:
    """Load a public name on first use, so that `import carnk` costs next to nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module 'carnk' has no attribute {name!r}")
    module, inner = _HOMES[name]
    return getattr(import_module(module, __name__), inner)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
