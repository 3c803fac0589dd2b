"""The trial in short, for the terminal: what each design chooses, and the answers below."""

from typing import TYPE_CHECKING

from .numerals import SPACE, count, number, percent, powers
from .record import Row
from .sections.trial import answers, limiting, share

if TYPE_CHECKING:
    from rich.table import Table


def head(trial: Row) -> str:
    """One line: how many trials, and what they count."""
    setting = trial["setting"]
    text = (
        f"Trial: {count(setting['trials'])} trials of each design; toxicity (DLT) is "
        f"{limiting(setting)}; target {percent(setting['target'])}"
    )
    return text.replace(SPACE, " ")


def table(schedule: Row) -> "Table":
    """Shares of trials by the dose chosen, then means of a trial."""
    from rich import box
    from rich.table import Table

    title = f"Chosen on {schedule['name']}"
    shown = Table(
        box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), title=title, title_justify="left",
        title_style="",
    )  # fmt: skip
    shown.add_column("Design")
    arms = [powers(name).replace(SPACE, " ") for name in schedule["arms"]]
    for name in (*arms, "none", "right", "plateau", "n", "DLT", "days"):
        shown.add_column(name, justify="right")
    for rule in schedule["rules"]:
        shares = rule["shared"]["share"]
        keys = [f"dose {i}" for i in range(len(arms))] + ["none", "right", "optimal"]
        cells = [share(shares[key]["mean"]) for key in keys]
        cells += [number(rule["shared"]["treated"]), number(sum(rule["shared"]["toxic"]), 2)]
        cells.append(number(rule["calendar"]["days"]["median"]))
        shown.add_row(rule["name"], *(cell.replace(SPACE, " ") for cell in cells))
    return shown


def lines(trial: Row) -> list[str]:
    """The answers, and what the columns mean."""
    meaning = (
        "right: the dose whose DLT chance is nearest to the target; plateau: the lowest dose with "
        "nearly the best response; n: patients treated, mean; days: median"
    )
    return [*answers(trial), meaning]
