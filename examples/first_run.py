"""Run a built-in study from Python and compare it with what was published."""

import carnk

study = carnk.read("liu2020")
print(study.title, "|", ", ".join(arm.name for arm in study.arms))

result = carnk.run("liu2020", patients=1000, seed=7)
for row in result.predictions():
    low, high = row.prediction.interval()
    seen = f"{row.seen.events}/{row.seen.patients}" if row.seen else "-"
    print(f"{row.label:<28} {row.prediction.mean:5.1%} ({low:.1%}-{high:.1%})  seen {seen}")

used = carnk.numbers()
print(f"{sum(n.is_unverified for n in used.values())} of {len(used)} numbers are unverified")
