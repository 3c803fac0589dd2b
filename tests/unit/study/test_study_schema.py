"""The JSON Schema says what the reader accepts."""

import copy

import pytest
from jsonschema import Draft202012Validator

from carnk.base import SpecError, parse_yaml
from carnk.study import built_in, parse, study_text
from carnk.study.fields import study_form


@pytest.fixture(scope="module")
def validator():
    schema = study_form().schema()
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def plain(name):
    return parse_yaml(study_text(name)[1], name).plain()


@pytest.mark.parametrize("name", built_in())
def test_built_in_studies_are_valid(validator, name):
    assert list(validator.iter_errors(plain(name))) == []


def dig(tree, path):
    for key in path:
        tree = tree[key]
    return tree


BREAKS = [
    ((), "title", None),
    ((), "tittle", "x"),
    ((), "patients", 0),
    ((), "patients", 2.5),
    ((), "diseases", {"glioma": 1}),
    (("product",), "source", "cord_bloods"),
    (("product", "construct"), "colour", "red"),
    (("regimen",), "dosing", "weekly"),
    (("regimen",), "days", 0),
    (("arms", 0), "share", 0),
    (("observed", 0), "outcome", "joy"),
    ((), "numbers", {"kill_kar": 3}),
    ((), "numbers", [1, 2]),
]


@pytest.mark.parametrize(
    ("path", "key", "value"), BREAKS, ids=[f"{p}{k}={v}" for p, k, v in BREAKS]
)
def test_broken_studies_are_invalid_and_refused(validator, path, key, value):
    tree = copy.deepcopy(plain("liu2020"))
    place = dig(tree, path)
    if value is None:
        del place[key]
    else:
        place[key] = value
    assert list(validator.iter_errors(tree))
    import json

    with pytest.raises(SpecError):
        parse(json.dumps(tree), "s.yaml")
