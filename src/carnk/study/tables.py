"""The tables of a run folder, put together from its chunks so that their size leaves no trace."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import polars as pl

from .unfinished import Unfinished

GROUP = 10_000  # rows of a table that are held at a time


def write_tables(unfinished: Unfinished, folder: Path) -> None:
    """Write outcomes.csv and those Parquet files that any chunk has rows for."""
    with (folder / "outcomes.csv").open("wb") as stream:
        for i, frame in enumerate(unfinished.frames("outcomes.csv")):
            stream.write(frame.write_csv(include_header=i == 0).encode())
    for name in ("patients.parquet", "courses.parquet", "trial_patients.parquet"):
        _write_parquet(folder / name, _groups(unfinished.frames(name)))


def _write_parquet(path: Path, groups: Iterator[pl.DataFrame]) -> None:
    from pyarrow import parquet

    first = next(groups, None)
    if first is None:
        return
    schema = first.to_arrow().schema
    with path.open("wb") as stream, parquet.ParquetWriter(stream, schema) as writer:
        writer.write_table(first.to_arrow())
        for group in groups:
            writer.write_table(group.to_arrow())


def _groups(frames: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """The same rows in groups of one size; only the last is smaller."""
    held: list[pl.DataFrame] = []
    for frame in frames:
        held.append(frame)
        while sum(map(len, held)) >= GROUP:
            joined = pl.concat(held)
            yield joined[:GROUP].rechunk()
            held = [joined[GROUP:]]
    if held and (rest := pl.concat(held, rechunk=True)).height:
        yield rest
