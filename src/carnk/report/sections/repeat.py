"""Failures, how exact the solution is, how to repeat the run, and the references."""

from typing import Any

from ..numerals import count, number, plural
from ..record import Record

NAMED = 200  # failed patients listed one by one


def content(record: Record) -> dict[str, Any]:
    """Plain lists for the last section."""
    manifest, failed = record.manifest, record.failed
    return {
        "failed": list(failed.items())[:NAMED],
        "more": max(0, len(failed) - NAMED),
        "reasons": list(manifest["failures_by_reason"].items()),
        "failures": plural(len(failed), "patient"),
        "done": count(manifest["patients_done"]),
        "tolerance": _tolerance(manifest),
        "command": _command(manifest),
        "seconds": _seconds(manifest),
        "versions": [("carnk", manifest["carnk"]), *manifest["versions"].items()],
        "machine": manifest["machine"],
        "hashes": [("study.yaml", manifest["study_sha256"]), *manifest["output_sha256"].items()],
        "references": [reference_line(each) for each in record.cited.values()],
    }


def _command(manifest: dict[str, Any]) -> str:
    return (
        f"carnk run study.yaml --patients {manifest['patients']} --seed {manifest['seed']} "
        "--out again"
    )


def _tolerance(manifest: dict[str, Any]) -> str:
    solver = manifest["solver"]
    text = f"Solver {solver['method']}, relative tolerance {number(solver['rtol'])}."
    difference = solver["largest_difference_at_half_tolerance"]
    if difference is None:
        return text + " The check at half the tolerance was not made."
    return (
        f"{text} At half the tolerance no state of the checked patients moved by more than "
        f"{number(difference, 2)} of its largest value."
    )


def _seconds(manifest: dict[str, Any]) -> str:
    threads = plural(manifest["threads"], "thread")
    return f"{number(manifest['seconds']['simulation'])} s of simulation on {threads}"


def reference_line(reference: Any) -> dict[str, str]:
    """A reference in the parts that the page shows."""
    fields = reference.fields
    rest = [fields.get(name, "") for name in ("journal", "volume", "pages")]
    return {
        "key": reference.key,
        "cite": reference.cite,
        "title": fields.get("title", ""),
        "place": ", ".join(part for part in rest if part).replace("--", "–"),
        "note": fields.get("note", ""),
        "url": reference.url,
    }
