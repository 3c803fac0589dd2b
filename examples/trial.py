"""A trial of virtual patients from Python: which dose is chosen, what shared lots change."""

import carnk

trial = carnk.run("liu2020_trial", patients=2000).trial
for schedule in trial["schedules"]:
    print("patients of a lot:", schedule["patients_per_lot"])
    for rule in schedule["rules"]:
        for kind in ("shared", "independent"):
            share = rule[kind]["share"]
            chosen = [f"{share[f'dose {i}']['mean']:.1%}" for i in range(len(schedule["arms"]))]
            print(f"{rule['name']:<5} {kind:<12}", *chosen, f"none {share['none']['mean']:.1%}")
    for row in schedule["bound"]["rows"]:
        print(f"{row['events']} DLT:", row["independent"], "patients,", row["shared"], "in lots")
