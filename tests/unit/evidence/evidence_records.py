"""Records in the shape of the API, as short as a test needs them."""


def record(number: int, title: str = "CD19 CAR-NK cells in lymphoma", **changes: object) -> dict:
    """A short API v2 record; `changes` replace whole modules by their name without 'Module'."""
    section = {
        "identificationModule": {"nctId": f"NCT{number:08d}", "briefTitle": title},
        "statusModule": {
            "overallStatus": "RECRUITING",
            "startDateStruct": {"date": "2026-03"},
            "studyFirstPostDateStruct": {"date": "2026-02-11"},
        },
        "conditionsModule": {"conditions": ["Diffuse Large B-cell Lymphoma"]},
        "armsInterventionsModule": {"interventions": [{"type": "BIOLOGICAL", "name": title}]},
        "contactsLocationsModule": {"locations": [{"country": "Germany"}]},
    }
    section |= {f"{name}Module": module for name, module in changes.items()}
    return {"protocolSection": section}
