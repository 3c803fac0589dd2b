"""What fits together in the `product:` of a study file and in the products of its arms."""

from typing import Any

from ..base import Node, Problem
from .fields import CARRY, T_SOURCES, diseases


def product_problems(node: Node, values: dict[str, Any]) -> list[Problem]:
    """What does not fit in the study's product or in an arm's own, each at its line."""
    main = values["product"] or {}
    place = node.get("product")
    found = [*_target(node, main), *_cells(place, main)] if place else []
    arms = node.get("arms")
    for entry, arm in zip(arms.entries if arms else [], values["arms"]):
        own = entry.get("product")
        if own is not None and arm["product"] and main.get("construct"):
            product = with_own(main, arm["product"])
            if product["construct"].get("target") != main["construct"].get("target"):
                found += _target(node, product, own, str(arm["name"]))
            found += _cells(own, product)
    return list(dict.fromkeys(found))


def with_own(product: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """A product with some fields of an arm's own, in its construct too."""
    given = {name: value for name, value in own.items() if value is not None}
    construct = {k: v for k, v in (given.pop("construct", None) or {}).items() if v is not None}
    return product | given | {"construct": product["construct"] | construct}


def _target(
    node: Node, product: dict[str, Any], own: Node | None = None, arm: str = ""
) -> list[Problem]:
    """The CAR's target is on every disease; told at the disease, or at the arm's own product."""
    target = (product.get("construct") or {}).get("target")
    construct = own and own.get("construct")
    here = (construct and construct.get("target")) or own
    problems = []
    for name, child in (node.fields["diseases"].fields if node.get("diseases") else {}).items():
        if target in CARRY and name in diseases() and name not in CARRY[target]:
            seen = f"the CAR of arm '{arm}' sees" if own else "the CAR sees"
            what = f"cells of '{name}' do not carry {target}, which {seen}"
            do = f"Diseases that do: {', '.join(CARRY[target])}."
            problems.append((here or child).problem(what, do))
    return problems


def _cells(place: Node, product: dict[str, Any]) -> list[Problem]:
    """Edits and memory-like cells fit the source of the cells and each other."""
    edits, source = product.get("edits") or (), product.get("source")
    where = place.get("edits") or place.get("source") or place
    problems = []
    if "hla_e" in edits and "b2m_loss" not in edits:
        problems.append(where.problem("'hla_e' without 'b2m_loss' changes nothing", "Add it."))
    if "tcr_loss" in edits and source not in T_SOURCES:
        what = f"'tcr_loss' changes nothing in cells of '{source}', which have no T-cell receptor"
        problems.append(where.problem(what, "Leave it out."))
    idle = [each for each in ("tcr_loss", "b2m_loss") if each in edits]
    if idle and source == "autologous_t":
        names = " and ".join(f"'{each}'" for each in idle)
        what = f"{names} changes nothing in 'autologous_t': a patient's own cells are not rejected"
        do = "Leave it out (in an arm: edits: []), or take 'allogeneic_t'."
        problems.append(where.problem(f"{what} and attack nobody", do))
    if "hncd16" in edits and source in T_SOURCES:
        what = f"'hncd16' changes nothing in '{source}': the model gives T cells no ADCC"
        problems.append(where.problem(what, "Leave it out."))
    if product.get("memory_like_fraction") and source in T_SOURCES:
        here = place.get("memory_like_fraction") or place
        do = "Leave it out; T cells have memory cells of their own."
        problems.append(here.problem("memory-like cells are NK cells", do))
    return problems
