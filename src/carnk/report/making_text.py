"""Making for the terminal and for scripts: lots, comparisons, run sheets, settings, updates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..library import load
from ..making import Lots
from ..making.delivery import cells_by_copies
from ..making.materials import bill, day_plan

if TYPE_CHECKING:
    from ..making.influence import Influence
    from ..making.optimize import Optimum
    from ..making.titration import Titration
    from ..making.track import Advice
    from ..making.update import Updated

WIDTH = 100
SHOWN = 8  # numbers and failures listed
MANY = 5  # copies in one cell, the customary limit of a mean
SHARES = ("viability", "purity", "car_positive", "potency", "feeders")


def lines(lots: Lots, moved: Sequence[Influence]) -> list[str]:
    """What `carnk make run` prints."""
    process = lots.process
    return [
        f"{process.name}: {process.about}"[:WIDTH],
        f"{process.evidence}; {lots.doses.size:,} lots, seed {lots.seed};"
        " median (5th to 95th percentile of lots)",
        "",
        *_steps(lots),
        "",
        *_outcome(lots),
        "",
        *_tests(lots),
        "",
        *_cost(lots),
        "",
        *_moved(moved),
        "",
        *_bill(lots),
        "",
        *_plan(lots),
        "",
        *_grounds(lots),
    ]


def _steps(lots: Lots) -> list[str]:
    head = f"{'step':<26} {'day':>4} {'cells':>22} {'viable':>7} {'purity':>7} {'CAR+':>6}"
    rows = [head + f" {'VCN total':>10} {'VCN CAR+':>9}"]
    for stage in lots.stages:
        m = stage.measures
        rows.append(
            f"{stage.label[:26]:<26} {stage.day:>4.0f} {_of(m['cells'], '.2g'):>22}"
            f" {np.median(m['viability']):>7.0%} {np.median(m['purity']):>7.0%}"
            f" {np.median(m['car_positive']):>6.0%} {np.median(m['vcn_total']):>10.2f}"
            f" {np.median(m['vcn_car_positive']):>9.2f}"
        )
    joint = lots.stages[-1].correlation()
    from ..making.lots import MEASURES

    pairs = [
        (a, b, float(joint[i, j]))
        for i, a in enumerate(MEASURES)
        for j, b in enumerate(MEASURES)
        if i < j and np.isfinite(joint[i, j])
    ]
    told = sorted(pairs, key=lambda pair: -abs(pair[2]))[:2]
    said = "; ".join(f"{a} and {b} {r:+.2f}" for a, b, r in told)
    return [*rows, f"Most correlated between lots, by rank: {said}"[:WIDTH]]


def _outcome(lots: Lots) -> list[str]:
    from ..making.lots import proportion

    low, high = proportion(int(lots.released.sum()), lots.doses.size)
    dose = lots.process.dose
    unit = "cells/kg" if dose.per == "kg" else "cells"
    counted = "CAR+" if dose.counts == "car_positive" else "viable"
    after = f"{_of(100 * lots.viability_after_thaw, '.0f')} % of the label"
    return [
        f"Doses per lot    {_of(lots.doses, '.0f')} of {dose.amount:g} {counted} {unit};"
        f" of released lots {_of(lots.doses[lots.released], '.0f')}",
        f"Released         {lots.released_fraction:.1%} of lots ({low:.1%}-{high:.1%})",
        f"Days             {_of(lots.days, '.0f')} from start to release",
        f"After thaw       viable {after}; killing per viable cell"
        f" {_of(lots.killing_after_thaw, '.2f')} of fresh",
        f"Residual T cells {_of(lots.t_cells_per_kg, '.2g')} per kg",
        f"Integration      {_of(lots.near_oncogene, '.2f')} copies per total cell near"
        " proto-oncogenes, a proxy",
    ]


def _tests(lots: Lots) -> list[str]:
    rows = [f"{'release test':<17} {'limits':<20} {'value':>22} {'pass':>7} {'wrongly passed':>15}"]
    for outcome in lots.outcomes:
        spec = outcome.spec
        wrong = float((outcome.chance * ~outcome.meets).mean())
        value = "" if spec.low is None and spec.high is None else _of(outcome.true, ".2g")
        rows.append(
            f"{spec.test:<17} {_limits(spec.low, spec.high, spec.et):<20} {value:>22}"
            f" {outcome.passed.mean():>7.1%} {wrong:>15.2%}"
        )
    fails = ", ".join(f"{name} {share:.1%}" for name, share in lots.failed()[:4] if share)
    return [*rows, f"Fails most: {fails}"]


def _limits(low: float | None, high: float | None, et: float | None) -> str:
    at = f" at {et:g}:1" if et else ""
    if low is None and high is None:
        return "none found"
    return (f">= {low:g}" if high is None else f"<= {high:g}") + at


def _cost(lots: Lots) -> list[str]:
    shares = sorted(
        ((float(v.sum() / lots.cost.sum()), name) for name, v in lots.cost_items.items()),
        reverse=True,
    )
    listed = ", ".join(f"{name.replace('_', ' ')} {share:.0%}" for share, name in shares[:6])
    unit = lots.currency or "clean-room days' worth"
    rows = [f"Cost per released dose  {lots.cost_per_dose:,.3g} {unit}", f"  of which {listed}"]
    if lots.unsourced:
        rows.append(
            f"  relative only: {len(lots.unsourced)} of {len(lots.cost_items)} prices are assumed;"
            " give yours under 'prices:'"
        )
    return rows


def _moved(moved: Sequence[Influence]) -> list[str]:
    head = "What matters most: released doses per lot with a number at the ends of its range"
    rows = [
        f"  {m.number.id:<36} {m.number.range[0]:>9.3g} -> {m.at_low:<8.3g}"
        f" {m.number.range[1]:>9.3g} -> {m.at_high:.3g}"
        for m in moved[:SHOWN]
        if m.number.range
    ]
    return [head, *rows]


def _bill(lots: Lots) -> list[str]:
    rows = ["Bill of materials for a median lot"]
    for m in bill(lots):
        amount = f"{m.amount[1]:.3g} {m.unit}" if m.amount[1] else "as needed"
        maker = f"{m.supplier} {m.catalog}".strip()
        rows.append(f"  {m.item[:56]:<56} {amount:>18}  {maker[:20]}".rstrip())
    return rows


def _plan(lots: Lots) -> list[str]:
    plan = day_plan(lots.process, load()["qc_days"].value)
    return ["Day plan", *(f"  day {p.day:>4g}  {p.action}" for p in plan)]


def _grounds(lots: Lots) -> list[str]:
    weak = sum(n.is_unverified for n in lots.numbers)
    return [f"{weak} of {len(lots.numbers)} numbers rest on unread or assumed sources."]


def told(lots: Lots, moved: Sequence[Influence]) -> dict[str, Any]:
    """What `carnk make run --json` prints."""
    return lots.summary() | {
        "matters_most": [
            {
                "number": m.number.id,
                "low": m.number.range and m.number.range[0],
                "high": m.number.range and m.number.range[1],
                "doses_at_low": m.at_low,
                "doses_at_high": m.at_high,
            }
            for m in moved
        ],
        "bill_of_materials": [
            {"item": m.item, "amount": m.amount[1], "unit": m.unit, "supplier": m.supplier,
             "catalog": m.catalog}
            for m in bill(lots)
        ],
        "day_plan": [
            {"day": p.day, "action": p.action}
            for p in day_plan(lots.process, load()["qc_days"].value)
        ],
        "numbers_unverified": sum(n.is_unverified for n in lots.numbers),
        "numbers_used": len(lots.numbers),
    }  # fmt: skip


def side_by_side(made: Sequence[Lots]) -> list[str]:
    """What `carnk make compare` prints: a row for each process."""
    base = next((m.cost_per_dose for m in made if np.isfinite(m.cost_per_dose)), float("nan"))
    rows = [
        f"{'process':<23} {'evidence':<16} {'dose':>14} {'doses per lot':>19} {'released':>9}"
        f" {'days':>5} {'cost*':>7}"
    ]
    for m in made:
        dose = m.process.dose
        unit = "/kg" if dose.per == "kg" else ""
        counted = "CAR+" if dose.counts == "car_positive" else "viable"
        said = f"{dose.amount:.2g} {counted}{unit}"
        rows.append(
            f"{m.process.name[:23]:<23} {m.process.evidence[:16]:<16} {said[:14]:>14}"
            f" {_of(m.doses, '.0f'):>19} {m.released_fraction:>9.1%} {np.median(m.days):>5.0f}"
            f" {m.cost_per_dose / base:>7.3g}"
        )
    rows.append("")
    rows.append(
        f"{'':<22} {'CAR+':>12} {'VCN total':>16} {'VCN CAR+':>16} {'T cells/kg':>10}"
        f" {'fails most':>19}"
    )
    for m in made:
        name, share = m.failed()[0]
        rows.append(
            f"{m.process.name[:22]:<22} {_of(100 * m.car_positive, '.0f') + ' %':>12}"
            f" {_of(m.vcn_total, '.2f'):>16} {_of(m.vcn_car_positive, '.2f'):>16}"
            f" {np.median(m.t_cells_per_kg):>10.2g} {f'{name} {share:.1%}'[-19:]:>19}"
        )
    return [
        *rows,
        "",
        f"* per released dose, relative to {made[0].process.name}; prices are mostly assumed.",
        "Median (5th to 95th percentile of lots). Evidence classes differ and are never pooled.",
    ]


def advice_lines(advice: Advice) -> list[str]:
    """What `carnk make track` prints."""
    rows = [f"{advice.verdict.upper()}: {advice.why}", ""]
    rows.append(f"{'day':>5}  {'measure':<17} {'seen':>10} {'95 % of lots':>22}")
    for s in advice.seen:
        band = f"{s.low:.3g} to {s.high:.3g}"
        flag = "" if s.inside else "  outside"
        rows.append(f"{s.day:>5g}  {s.measure:<17} {s.value:>10.3g} {band:>22}{flag}")
    low, middle, high = advice.cells_at_harvest
    few, some, many = advice.doses
    return [
        *rows,
        "",
        f"Lots like it on day {advice.harvest_day:g}: {middle:.2g} cells ({low:.2g} to {high:.2g}),"
        f" {some:.0f} doses ({few:.0f} to {many:.0f}), released {advice.released:.0%}",
        f"{advice.like:.0f} lots weigh in" + (": few, make more lots" if advice.like < 20 else ""),
    ]


def optimum_lines(found: Optimum) -> list[str]:
    """What `carnk make optimize` prints."""
    rows = [f"Best of {found.tried} settings; 1,000 lots of another seed than the search's", ""]
    rows += [f"  {name:<18} {value:.4g}" for name, value in found.levers.items()]
    rows += ["", f"{'':<26} {'before':>20} {'after':>20}"]
    pairs: tuple[tuple[str, Callable[[Lots], str]], ...] = (
        ("doses per lot", lambda m: _of(m.doses, ".0f")),
        ("released", lambda m: f"{m.released_fraction:.1%}"),
        ("relative cost per dose", lambda m: f"{m.cost_per_dose / found.before.cost_per_dose:.3f}"),
        ("CAR+", lambda m: _of(100 * m.car_positive, ".0f") + " %"),
        ("VCN per CAR+ cell", lambda m: _of(m.vcn_car_positive, ".2f")),
        ("VCN per total cell", lambda m: _of(m.vcn_total, ".2f")),
        ("potency", lambda m: _of(m.potency, ".2f")),
        ("days to release", lambda m: f"{np.median(m.days):.1f}"),
    )
    rows += [f"{name:<26} {tell(found.before):>20} {tell(found.after):>20}" for name, tell in pairs]
    return rows


def update_lines(found: Sequence[Updated]) -> list[str]:
    """What `carnk make update` prints, with the block for the process file."""
    rows = [f"{'number':<28} {'before (95 %)':>28} {'after (95 %)':>28}"]
    for u in found:
        rows.append(f"{u.number.id:<28} {_interval(u.before):>28} {_interval(u.after):>28}")
    rows += ["", "For the process file:", "numbers:"]
    for u in found:
        unit = "" if u.number.unit == "1" else f" {u.number.unit}"
        rows.append(f"  {u.number.id}: {u.after[1]:.4g}{unit}")
    return rows


def titration_lines(found: Titration, data: NDArray[np.float64]) -> list[str]:
    """What `carnk make titrate` prints."""
    share, total, per_car = found.predicted(data[:, 0])
    rows = [
        f"permissive share {found.permissive:.3f}, {found.entry:.3g} copies per MOI in a permissive"
        f" cell, shape {found.shape:.2f}",
        f"root mean square residual {found.residual:.2f} errors; copies given per"
        f" {'total' if found.per == 'total' else 'CAR+'} cell",
        "",
        f"{'MOI':>7} {'CAR+ seen':>10} {'CAR+':>7} {'copies seen':>12} {'per total':>10}"
        f" {'per CAR+':>9} {f'CAR+ cells over {MANY}':>18}",
    ]
    for row, s, t, c in zip(data, share, total, per_car):
        seen = f"{row[2]:.2f}" if np.isfinite(row[2]) else ""
        few = cells_by_copies(found.permissive, row[0] * found.entry, found.shape, MANY)
        over = (1 - few.sum()) / s
        told = f"{row[0]:>7g} {row[1]:>9.1f}% {s:>7.1%} {seen:>12} {t:>10.2f} {c:>9.2f}"
        rows.append(f"{told} {over:>18.1%}")
    return rows


def _interval(values: tuple[float, float, float]) -> str:
    low, middle, high = values
    return f"{middle:.3g} ({low:.3g}-{high:.3g})"


def _of(values: NDArray[Any], form: str) -> str:
    """Median with the 5th and 95th percentile, as '12 (3-40)'; a dash where nothing is left."""
    if not values.size:
        return "-"
    low, middle, high = (format(float(x), form) for x in np.percentile(values, (5, 50, 95)))
    return f"{middle} ({low}-{high})".replace("e+0", "e").replace("e+", "e")
