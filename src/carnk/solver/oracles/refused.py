"""Small files that have to be refused, by what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping

_NAMESPACE = "http://www.sbml.org/sbml/level3/version1"
_SYMBOL = (
    '<csymbol encoding="text" definitionURL="http://www.sbml.org/sbml/symbols/{0}">{0}</csymbol>'
)


def _file(body: str, attributes: str = "", front: str = "") -> str:
    core = f'xmlns="{_NAMESPACE}/core" level="3" version="1"{attributes}'
    return f"{front}<sbml {core}><model>{body}</model></sbml>"


def _math(text: str) -> str:
    return f'<math xmlns="http://www.w3.org/1998/Math/MathML">{text}</math>'


def _rules(*rules: str, names: str = "ab") -> str:
    parameters = "".join(f'<parameter id="{n}" value="1" constant="false"/>' for n in names)
    listed = "".join(rules)
    return f"<listOfParameters>{parameters}</listOfParameters><listOfRules>{listed}</listOfRules>"


def _assigned(variable: str, text: str) -> str:
    return f'<assignmentRule variable="{variable}">{_math(text)}</assignmentRule>'


_DELAY = f"<apply>{_SYMBOL.format('delay')}<ci>b</ci><cn>1</cn></apply>"
_PACKAGE = f' xmlns:comp="{_NAMESPACE}/comp/version1" comp:required="true"'
_FLUX = f' xmlns:q="{_NAMESPACE}/fbc/version2" q:required="false"'
_FAST = (
    '<listOfReactions><reaction id="J" reversible="false" fast="true">'
    f"<kineticLaw>{_math('<cn>1</cn>')}</kineticLaw></reaction></listOfReactions>"
)
_FUNCTION = (
    '<listOfFunctionDefinitions><functionDefinition id="f">'
    f"{_math('<lambda><bvar><ci>x</ci></bvar><apply><ci>f</ci><ci>x</ci></apply></lambda>')}"
    "</functionDefinition></listOfFunctionDefinitions>"
)
_RATE_OF = (
    '<listOfFunctionDefinitions><functionDefinition id="f">'
    + _math(
        "<lambda><bvar><ci>x</ci></bvar>"
        f"<apply>{_SYMBOL.format('rateOf')}<ci>x</ci></apply></lambda>"
    )
    + "</functionDefinition></listOfFunctionDefinitions>"
)
_UNSET = (
    '<listOfCompartments><compartment id="C" constant="true" size="1"/></listOfCompartments>'
    '<listOfSpecies><species id="A" compartment="C" initialAmount="1"/></listOfSpecies>'
    '<listOfReactions><reaction id="J" reversible="false" fast="false"><listOfProducts>'
    '<speciesReference species="A" constant="true"/></listOfProducts>'
    f"<kineticLaw>{_math('<cn>1</cn>')}</kineticLaw></reaction></listOfReactions>"
)
_TWO_EXPONENTS = '<cn type="e-notation">5e1<sep/>2</cn>'
_ENTITY = '<!DOCTYPE sbml [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'

REFUSED: Mapping[str, str] = {
    "an algebraic rule": _file(_rules(f"<algebraicRule>{_math('<ci>a</ci>')}</algebraicRule>")),
    "a delay": _file(_rules(_assigned("a", _DELAY))),
    "a fast reaction": _file(_FAST),
    "a required package": _file("", _PACKAGE),
    "rules in a circle": _file(_rules(_assigned("a", "<ci>b</ci>"), _assigned("b", "<ci>a</ci>"))),
    "a function that calls itself": _file(_FUNCTION),
    "a name that is not there": _file(_rules(_assigned("a", "<ci>c</ci>"))),
    "a flux balance model": _file("<q:listOfObjectives><q:objective/></q:listOfObjectives>", _FLUX),
    "rateOf of an argument": _file(_RATE_OF),
    "a stoichiometry that is not set": _file(_UNSET),
    "a number that is none": _file(_rules(_assigned("a", _TWO_EXPONENTS))),
    "a call of Python": _file(_rules(_assigned("a", '<ci>__import__("os")</ci>'))),
    "an entity": _file(_rules(), front=_ENTITY),
    "formulas 60,000 deep": _file(
        _rules(_assigned("a", "<apply><abs/>" * 60_000 + "<cn>1</cn>" + "</apply>" * 60_000))
    ),
    "a file cut off": _file(_rules())[:-20],
}
