"""The nouns hold what a study file says, and cannot be changed."""

from dataclasses import FrozenInstanceError, fields, is_dataclass
from typing import get_args

import pytest

from carnk import domain
from carnk.domain import Construct, Given, Infusion, Product, Regimen, nouns
from carnk.study import fields as form


def test_every_noun_is_frozen():
    for name in domain.__all__:
        noun = getattr(domain, name)
        assert is_dataclass(noun)
        assert noun.__dataclass_params__.frozen, name
        assert noun.__doc__


def test_a_construct_starts_plain():
    construct = Construct("CD19")
    assert (construct.armor, construct.switch, construct.payloads) == ("none", "none", ())
    assert Product("x", construct, "ipsc").edits == ()
    with pytest.raises(FrozenInstanceError):
        construct.target = "CD20"


def test_what_is_left_out_is_none_or_empty():
    regimen = Regimen(Infusion(1e6, "kg", (0.0,), "viable"))
    assert (regimen.drugs, regimen.rescue) == ((), None)
    assert Given(3.0).low is None


@pytest.mark.parametrize(
    ("words", "listed"),
    [
        (nouns.Source, form.SOURCES),
        (nouns.Armor, form.ARMORS),
        (nouns.Delivery, form.DELIVERIES),
        (nouns.Edit, form.EDITS),
        (nouns.Payload, form.PAYLOADS),
    ],
)
def test_the_form_offers_what_the_nouns_know(words, listed):
    assert set(get_args(words)) == set(listed)


def test_outcomes_of_the_form_are_those_of_an_observation():
    outcome = next(f for f in fields(domain.Observation) if f.name == "outcome")
    assert set(get_args(outcome.type)) == set(form.OUTCOMES)
