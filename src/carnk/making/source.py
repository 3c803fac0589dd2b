"""Where the cells come from: apheresis, cord unit, banks of lines, a patient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from .batch import Array, Batch, Draw


def _start(draw: Draw, target: Array, t_cells: Array, others: Array) -> Batch:
    """A batch before culture; its potency and growth are the donor's or the line's."""
    nothing = np.zeros(draw.size)
    return Batch(
        target=target,
        t_cells=t_cells,
        others=others,
        feeders=nothing,
        viability=np.full(draw.size, draw["culture_viability"]),
        car_positive=nothing,
        copies=nothing,
        near_oncogene=nothing,
        potency=draw.lots("potency_of_lot"),
        growth=draw.lots("donor_growth"),
        doublings=nothing,
        memory_like=nothing,
        edited=np.ones(draw.size),
        open_steps=1,
    )


def apheresis(settings: Mapping[str, float], draw: Draw, cells: str) -> Batch:
    """An apheresis of a healthy donor; the target is NK or T cells."""
    total = draw.lots("apheresis_tnc")
    nk = total * draw.lots("apheresis_nk")
    t = np.minimum(total * draw.lots("apheresis_t"), total - nk)
    rest = total - nk - t
    batch = _start(draw, t, 0 * t, nk + rest) if cells == "t" else _start(draw, nk, t, rest)
    return batch.using(apheresis=1.0)


def patient(settings: Mapping[str, float], draw: Draw, cells: str) -> Batch:
    """An apheresis of the patient; T cells differ more between patients than between donors."""
    t = draw.lots("patient_apheresis_t")
    others = t * (1 / draw.lots("patient_apheresis_purity") - 1)
    return _start(draw, t, 0 * t, others).using(apheresis=1.0, shipping=1.0)


def cord_unit(settings: Mapping[str, float], draw: Draw, cells: str) -> Batch:
    """Thawed cord units; `optimal` keeps to those within the cut-offs of one trial (marin2024).

    A unit outside them grows and kills less: the direction is from that trial, the size assumed.
    """
    total = settings["units"] * draw.lots("cord_tnc")
    nk = total * draw.lots("cord_nk")
    t = np.minimum(total * draw.lots("cord_t"), total - nk)
    within = (draw.lots("cord_nrbc") <= draw["cord_nrbc_most"]) & (
        draw.lots("cord_hours") <= draw["cord_hours_most"]
    )
    outside = np.zeros(draw.size, bool) if settings["optimal"] else ~within
    batch = _start(draw, nk, t, total - nk - t)
    growth = np.where(outside, draw["cord_outside_growth"], 1.0)
    potency = np.where(outside, draw["cord_outside_potency"], 1.0)
    batch = replace(batch, growth=batch.growth * growth, potency=batch.potency * potency)
    return batch.using(cord_unit=settings["units"])


def ipsc_bank(settings: Mapping[str, float], draw: Draw, cells: str) -> Batch:
    """Vials of an edited clonal iPSC bank: no donor spread, CAR in nearly every cell."""
    return _bank(settings, draw, "car_positive_ipsc", "vcn_knock_in", 0.0)


def nk92_bank(settings: Mapping[str, float], draw: Draw, cells: str) -> Batch:
    """Vials of a CAR NK-92 clone: no donor spread, CAR in nearly every cell."""
    near = draw["oncogene_share_lentiviral"]
    return _bank(settings, draw, "car_positive_nk92", "vcn_nk92_clone", near)


def _bank(settings: Mapping[str, float], draw: Draw, car: str, copies: str, near: float) -> Batch:
    """A bank's start; `near` is the share of copies near a proto-oncogene."""
    nothing = np.zeros(draw.size)
    share = draw.lots(car)
    batch = replace(
        _start(draw, settings["vials"] * draw.lots("vial_cells"), nothing, nothing),
        growth=np.ones(draw.size),
        potency=draw.lots("potency_of_bank_lot"),
        car_positive=share,
        copies=share * draw[copies],
        near_oncogene=share * draw[copies] * near,
    )
    return batch.using(vial=settings["vials"])
