"""Plain words for the study's keys: diseases, sources, armor, basis of a number."""

DISEASES = {
    "cll": "CLL",
    "cll_richter": "Richter-transformed CLL",
    "follicular": "follicular lymphoma",
    "dlbcl": "large B-cell lymphoma",
    "mantle_cell": "mantle-cell lymphoma",
    "b_all": "B-ALL",
    "aml": "AML",
    "myeloma": "multiple myeloma",
    "glioblastoma": "glioblastoma",
    "ovarian": "ovarian cancer",
    "colorectal": "colorectal cancer",
    "sle": "systemic lupus erythematosus",
}
SOURCES = {
    "cord_blood": "cord-blood NK cells",
    "peripheral_blood": "peripheral-blood NK cells",
    "ipsc": "iPSC-derived NK cells",
    "nk92": "NK-92 cells",
    "autologous_t": "the patient's own T cells",
    "allogeneic_t": "donor T cells",
}
ARMORS = {
    "none": "no armor",
    "il15_secreted": "secreted IL-15",
    "il15_membrane": "membrane-bound IL-15",
    "il15_fusion": "IL-15 receptor fusion",
    "unknown": "armor not known",
}
SWITCHES = {"none": "no safety switch", "icasp9": "iCasp9 safety switch"}
DELIVERIES = {
    "retroviral": "retroviral delivery",
    "lentiviral": "lentiviral delivery",
    "mrna": "mRNA delivery",
    "knock_in": "knock-in",
}
EDITS = {
    "b2m_loss": "B2M loss",
    "hla_e": "HLA-E",
    "hncd16": "high-affinity CD16",
    "tcr_loss": "TCR loss",
}
PAYLOADS = {"il21": "IL-21", "cxcr2": "CXCR2", "cxcr4": "CXCR4"}
COUNTS = {"car_positive": "CAR-positive cells", "viable": "viable cells"}
DOSE_UNITS = {"m2": "mg/m²", "kg": "mg/kg", "units": "IU/m²", "flat": "mg"}
BASES = {
    "measured": "measured in the setting the model uses it for",
    "fitted": "fitted by this project to clinical outcomes",
    "derived": "computed from published numbers",
    "borrowed": "measured in another cell, species or setting",
    "assumed": "a guess with a reason, no source",
    "study": "given by the study file",
}
ROOMS = {
    "kinetics": "In the body",
    "diseases": "Diseases",
    "products": "Products",
    "population": "Differences between patients and lots",
    "toxicity": "Toxicity",
    "car_t": "CAR-T cells and waiting",
    "fitted": "Fitted to clinical outcomes",
    "trials": "Trials",
    "comparators": "Published models",
    "study": "Given by the study file",
}


def words(key: str, known: dict[str, str]) -> str:
    """The words for a key; the key itself, without underscores, where there are none."""
    return known.get(key, key.replace("_", " "))


def sentence(text: str) -> str:
    """Text with a capital first letter; names such as iCasp9 stay as they are."""
    return text if text[1:2].isupper() else text[:1].upper() + text[1:]
