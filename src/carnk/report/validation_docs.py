"""The page docs/validation.md: what is done, the last full result, and what was left out."""

from collections.abc import Sequence

from .validation_text import HEAD, cells
from .validation_words import (
    FATES,
    MEANING,
    Row,
    by_miss,
    by_reason,
    fate,
    group,
    measured,
    quantity,
    tallies,
    verdict,
    wanted,
)

INTRO = """# Validation: predicted against published, every row

{note}
```sh
carnk validate                        # every row, misses first; exit code 1 if a bar fails
carnk validate --study nkx019 --patients 10000 --seed 7
carnk validate --out validation       # validation.csv and validation.html with the plot
carnk validate --bars mine.csv        # bars of your own, as library/tables/validation_bars.csv
make validation                       # the result below anew, with many patients
```

The result below: {made}.

{tallies}

![Predicted against observed shares, both intervals](validation.svg)

Agreement here is weaker than it looks: most held-out counts of CAR-NK are zeros of toxicity, and
with 8 to 14 patients a predictive interval of response admits most counts that a trial could show.
Classes of evidence are tallied and judged apart.

## What is set beside what

Rows are the published quantities of the library's tables `results` and `kinetics` that a built-in
study predicts. Which study, arm, disease and outcome that is stands in
`library/tables/validation_rows.csv`: adding a study file and rows there is all that a further
trial needs. Every other row is left out with a reason, at the end; the reasons that the class of
evidence does not tell stand in `validation_left_out.csv`.

- *Role.* `calibration`: the trial to which the model is fitted, Marin 2024 with Liu 2020, whose
  patients it contains, and ZUMA-1 for CAR-T cells; and the CRS and ICANS of JULIET and TRANSCEND,
  to which their law is fitted. Agreement there is no test. `set from`: a number was set from such
  patients (how fast iPSC-derived cells are lost, from FT596; how CAR-T cells grow and are lost,
  from a model of tisagenlecleucel in children with B-ALL; how many there is room for, from a fit
  to ZUMA-1). `held out`: neither. CRS and ICANS of a
  held-out CAR-NK trial are predicted with coefficients fitted without it (`crs_without.csv`), so
  they differ from those of `carnk run`, which uses all trials.
- *Seen.* Counts have their exact (Clopper-Pearson) interval; where only a percentage of so many
  patients was printed, the widest over the counts that print so. A percentage without n has no
  interval and is not judged. An amount has the spread that was printed: 95 % of patients for a CV
  or an SD, else as printed.
- *Shrunk.* The share drawn toward the reports of its class of evidence, design, outcome and
  grading scale: the mean under a beta-binomial whose mean and correlation have uniform priors.
  Classes, designs and scales are never pooled together; where fewer than two reports were read on
  a scale, there is none.
- *Predicted.* A share is the mean over plausible worlds; its interval holds 95 % of trials of
  that size (beta-binomial). An amount is the median, and the interval, of the statistic over
  virtual trials of that size. Times end with the study (day 365). Without n the interval is that
  of the rate, or of the worlds.
- *Error.* (predicted - seen) / sqrt(a + b). For a share a is the variance of the rate over worlds
  and b is p (1 - p) / n at p = (events + 1/2) / (n + 1). For an amount both are taken as log(1 +
  x) and a + b is the variance over virtual trials. It is 0 where both agree.
- *Score, null.* Log of the chance that the model gave to the count, and that of a null that
  predicts the calibration trial's rate of the same outcome (of response, for the main outcome of
  a held-out CAR-NK trial) with the uncertainty of its count; nearer to 0 is better. Toxicity is
  held against a calibration trial that was graded on the same scale, and where there is none it
  has no null; criteria of response may differ. Calibration rows, whose answer it holds, have none.
  `docs/calibration.md` scores the same counts with the same 150 patients in every world; here all
  patients differ, and so do the figures.

Columns of `results` that are no outcome of the model (DLT, follow-up) are no rows.

GvHD is counted here from grade 2; most papers count any grade, FT596's grade 3 or more. The scale
of each row stands beside it. The model has no deaths: PFS is free of progression, and overall
survival is not predicted.

A *bar* decides the exit code, an *aim* is reported. Both stand, with the reason, in
`library/tables/validation_bars.csv`, and only figures that somebody has read in their source
count. Bars are floors that catch a broken model; that the floor holds is no praise. They and the
aims count shares of patients only. An amount is no test of that kind: its printed spread is over
patients while the prediction is of a statistic, so that the two nearly always meet.

Fewer patients make the bars easier, not only noisier: how far worlds differ is fitted with a weak
prior, which widens intervals where worlds hold few patients and can hide misses. Below 10 patients
in each world (1,000 in all) the command warns; what CI runs, with 500, is a smoke check of the
bars and not the verdict. With 2,000 or 20,000 a row at the edge of its interval can still fall on
either side.

Shares are in %. *Unread* figures are those that nobody has read in their source.
"""


def docs_page(rows: list[Row], bars: list[Row], left: list[Row], made: str, note: str) -> str:
    """The page as Markdown; made: version, patients and seed in words."""
    told = "\n".join(f"- **{kind}: {text}**" for kind, text in tallies(rows).items())
    intro = INTRO.format(note=note, made=made, tallies=told)
    return intro + "\n" + markdown(rows, bars, left)


def markdown(rows: list[Row], bars: list[Row], left: list[Row]) -> str:
    """Tables of bars, rows and what was left out, for the docs."""
    parts = ["## Bars and aims\n", _bars(bars), "## Every row, misses first\n"]
    for name in FATES:
        mine = [row for row in by_miss(rows) if fate(row) == name]
        if mine:
            parts += [f"### {name.capitalize()}: {MEANING[name]}\n", _rows(mine)]
    parts += ["## Left out, with the reason\n", _left(left)]
    return "\n".join(parts)


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    body = ["| " + " | ".join(row).replace("<", "&lt;") + " |" for row in rows]
    return "\n".join(["| " + " | ".join(head) + " |", "|" + "---|" * len(head), *body]) + "\n"


def _bars(bars: list[Row]) -> str:
    rows = [
        (
            b["kind"], b["evidence_class"], b["words"], measured(b), wanted(b),
            f"**{verdict(b)}**", b["why"],
        )
        for b in bars
    ]  # fmt: skip
    return _table(("kind", "class", "measure", "measured", "wanted", "verdict", "why"), rows)


def _rows(rows: list[Row]) -> str:
    body = []
    for row in rows:
        figures = cells(row)[3:]
        about = ", ".join(filter(None, (quantity(row), group(row))))
        source = row["source_row"] + (f", {row['scale']}" if row["scale"] else "")
        role = row["role"] + ("" if row["checked"] == "read" else ", unread")
        body.append((row["study"], about, role, *figures, source, row["note"] or ""))
    head = ("study", "quantity", "role", *HEAD[3:], "row, scale", "note")
    return _table(head, body)


def _left(left: list[Row]) -> str:
    rows = [
        (reason, each["source_row"], each["what"], each["why"])
        for reason, found in by_reason(left).items()
        for each in found
    ]
    return _table(("reason", "row", "quantities", "why"), rows)
