"""Where the text of a study is: a built-in name, a file, or the folder of an earlier run."""

import json
from pathlib import Path

from ..base import Problem, SpecError, did_you_mean, read_text
from ..kinetics.comparators import COMPARATORS

BUILT_IN = Path(__file__).parent / "built_in"


def built_in() -> tuple[str, ...]:
    """Names of the studies that come with the package."""
    return tuple(sorted(path.stem for path in BUILT_IN.glob("*.yaml")))


def scenarios() -> tuple[str, ...]:
    """Names of the built-in studies that put one question to arms of the same patients."""
    return tuple(name for name in built_in() if name.startswith("vs_"))


def study_text(name_or_path: str | Path) -> tuple[str, str]:
    """Return (file name, text) of a built-in study or of a file; SpecError if there is neither."""
    path = Path(name_or_path)
    if str(name_or_path) in built_in():
        path = BUILT_IN / f"{name_or_path}.yaml"
    elif path.is_dir():
        _refuse_run_of_model(path)
        path = path / "study.yaml"
    elif path.suffix not in (".yaml", ".yml") and not path.exists():
        name = str(name_or_path)
        if name in COMPARATORS:
            do = f"Run it with 'carnk run {name}', write it with 'carnk export {name}'."
            raise SpecError(Problem("study", f"'{name}' is a published model, not a study", do))
        what = f"'{name}' is neither a file nor a built-in study"
        nearest = did_you_mean(name, (*built_in(), *COMPARATORS))
        raise SpecError(Problem("study", what, f"{nearest} 'carnk studies' lists them.".strip()))
    return path.name, read_text(path)


def _refuse_run_of_model(folder: Path) -> None:
    """SpecError for the run folder of a published model, which has no study."""
    if (folder / "study.yaml").exists() or not (folder / "run.json").is_file():
        return
    if name := json.loads(read_text(folder / "run.json")).get("comparator"):
        what = f"is the folder of a run of the published model {name}, not of a study"
        raise SpecError(Problem(str(folder), what, f"Run the model with 'carnk run {name}'."))


def folder_of(name_or_path: str | Path) -> Path:
    """The folder in which files that a study names are looked for."""
    path = Path(name_or_path)
    return path if path.is_dir() else path.parent
