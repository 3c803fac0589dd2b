"""A PEtab problem with a closed form: A and B turn into each other."""

from __future__ import annotations

from pathlib import Path

MODEL = """<?xml version="1.0"?>
<sbml xmlns="http://www.sbml.org/sbml/level3/version1/core" level="3" version="1">
<model id="conversion">
<listOfCompartments><compartment id="cell" size="1" constant="true"/></listOfCompartments>
<listOfSpecies>
<species id="A" compartment="cell" initialConcentration="1" boundaryCondition="false"
 hasOnlySubstanceUnits="false" constant="false"/>
<species id="B" compartment="cell" initialConcentration="0" boundaryCondition="false"
 hasOnlySubstanceUnits="false" constant="false"/>
</listOfSpecies>
<listOfParameters>
<parameter id="a0" value="1" constant="true"/><parameter id="k1" value="0.8" constant="true"/>
<parameter id="k2" value="0.6" constant="true"/>
</listOfParameters>
<listOfInitialAssignments><initialAssignment symbol="A">
<math xmlns="http://www.w3.org/1998/Math/MathML"><ci>a0</ci></math>
</initialAssignment></listOfInitialAssignments>
<listOfReactions>
<reaction id="fwd" reversible="false" fast="false">
<listOfReactants><speciesReference species="A" stoichiometry="1" constant="true"/></listOfReactants>
<listOfProducts><speciesReference species="B" stoichiometry="1" constant="true"/></listOfProducts>
<kineticLaw><math xmlns="http://www.w3.org/1998/Math/MathML"><apply><times/><ci>cell</ci><ci>k1</ci>
<ci>A</ci></apply></math></kineticLaw></reaction>
<reaction id="rev" reversible="false" fast="false">
<listOfReactants><speciesReference species="B" stoichiometry="1" constant="true"/></listOfReactants>
<listOfProducts><speciesReference species="A" stoichiometry="1" constant="true"/></listOfProducts>
<kineticLaw><math xmlns="http://www.w3.org/1998/Math/MathML"><apply><times/><ci>cell</ci><ci>k2</ci>
<ci>B</ci></apply></math></kineticLaw></reaction>
</listOfReactions></model></sbml>
"""
PROBLEM = """format_version: 1
parameter_file: parameters.tsv
problems:
- sbml_files: [model.xml]
  condition_files: [conditions.tsv]
  measurement_files: [measurements.tsv]
  observable_files: [observables.tsv]
"""
PARAMETERS = """parameterId parameterScale lowerBound upperBound nominalValue estimate
k1 log10 1e-3 1e3 0.8 1
k2 lin 0.01 10 0.6 1
"""
OBSERVABLES = """observableId observableFormula noiseFormula
obs_a A 0.5
"""
CONDITIONS = """conditionId
c0
"""
MEASUREMENTS = """observableId simulationConditionId measurement time
obs_a c0 0.7 0
obs_a c0 0.1 10
"""


def write(folder: Path, **tables: str) -> Path:
    """Write a problem; tables: other texts, with blanks between cells, '-' for an empty one."""
    texts = {
        "parameters": PARAMETERS, "observables": OBSERVABLES, "conditions": CONDITIONS,
        "measurements": MEASUREMENTS,
    }  # fmt: skip
    for name, text in (texts | {n: t for n, t in tables.items() if n in texts}).items():
        rows = [
            "\t".join("" if cell == "-" else cell for cell in line.split(" "))
            for line in text.strip().splitlines()
        ]
        (folder / f"{name}.tsv").write_text("\n".join(rows) + "\n")
    (folder / "model.xml").write_text(tables.get("model", MODEL))
    path = folder / "problem.yaml"
    path.write_text(tables.get("problem", PROBLEM))
    return path
