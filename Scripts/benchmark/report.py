# Copyright the Holdfast authors
# SPDX-License-Identifier: Apache-2.0
"""The measured figures as tables, and the wanted ratios beside them."""

import os
import platform
import subprocess
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from .contenders import Bench, Contender
from .measure import Cost

Results = dict[tuple[str, str], list[Cost]]


@dataclass
class Verdict:
    what: str
    measured: float
    wanted: float
    at_least: bool = False
    unit: str = " ×"

    @property
    def met(self) -> bool:
        return self.measured >= self.wanted if self.at_least else self.measured <= self.wanted

    def row(self) -> str:
        sign = "≥" if self.at_least else "≤"
        result = "met" if self.met else "**not met**"
        return f"| {self.what} | {self.measured:.2f}{self.unit} | {sign} {self.wanted:g}{self.unit} | {result} |"


def middle(costs: list[Cost], field: str) -> float:
    return median(getattr(cost, field) for cost in costs)


def fastest(results: Results, group: str, *beginnings: str) -> list[Cost] | None:
    """The runs of the contender with the smallest median time among those whose names begin so."""
    candidates = [
        costs
        for (its_group, name), costs in results.items()
        if its_group == group and name.startswith(beginnings) and " then " not in name
    ]
    return min(candidates, key=lambda costs: middle(costs, "wall"), default=None)


def verdicts(results: Results, scale: int) -> list[Verdict]:
    found: list[Verdict] = []

    def ratio(what: str, ours: list[Cost] | None, theirs: list[Cost] | None, wanted: float, field: str = "wall") -> None:
        if ours and theirs:
            found.append(Verdict(what, middle(ours, field) / middle(theirs, field), wanted))

    to_directory = results.get(("small", "holdfast backup, gzip, to directory"))
    to_both = results.get(("small", "holdfast backup, gzip, to directory and bucket"))
    archive = next((costs for (group, name), costs in results.items() if group == "small" and " then tar" in name), None)
    copy = fastest(results, "small", "s5cmd", "rclone")
    s5cmd = fastest(results, "small", "s5cmd")
    ratio("small objects, backup to a directory: time, against the faster of s5cmd and rclone", to_directory, copy, 0.7)
    ratio("small objects, backup to directory and bucket: time, against the faster of the two", to_both, copy, 1.0)
    ratio("small objects, backup to a directory: time, against rclone, tar and pigz", to_directory, archive, 0.45)
    ratio("small objects, backup to a directory: client CPU, against s5cmd", to_directory, s5cmd, 0.5, "client_cpu")
    ratio(
        "large incompressible objects: time, against s5cmd",
        fastest(results, "noise", "holdfast"),
        fastest(results, "noise", "s5cmd"),
        1.0,
    )
    sealed = results.get(("small", "holdfast backup, gzip, to directory, sealed"))
    ratio("small objects: time of a sealed backup, against one that is not", sealed, to_directory, 1.15)
    listing, fetch = fastest(results, "again", "s5cmd ls"), fastest(results, "again", "s5cmd cp")
    ratio("nothing changed: time of a backup, against listing", fastest(results, "again", "holdfast backup again, no "), listing, 1.2)
    changed = [costs for (group, name), costs in results.items() if group == "again" and name.startswith("holdfast") and ", no " not in name]
    if changed and listing and fetch:
        least = middle(listing, "wall") + middle(fetch, "wall")
        found.append(Verdict("one per cent changed: time of a backup, against listing and fetching", middle(changed[0], "wall") / least, 1.5))
    ours, theirs = fastest(results, "restore", "holdfast"), fastest(results, "restore", "s5cmd")
    if ours and theirs:
        found.append(
            Verdict("restore: objects a second, against s5cmd uploading the same files",
                    middle(theirs, "wall") / middle(ours, "wall"), 1.5, at_least=True)
        )
    peaks = [cost.peak_memory for (_, name), costs in results.items() if name.startswith("holdfast") for cost in costs]
    if peaks:
        found.append(Verdict("peak memory of any holdfast run", max(peaks), 256, unit=" MiB"))
    few, more = (fastest(results, "scale", f"holdfast backup, gzip, to directory, {end}") for end in ("a few", str(scale)))
    if few and more:
        growth = (middle(more, "peak_memory") / middle(few, "peak_memory") - 1) * 100
        found.append(Verdict(f"peak memory: growth with {scale} times as many objects", growth, 10, unit=" %"))
    return found


def spread(costs: list[Cost], field: str, digits: int) -> str:
    values = [getattr(cost, field) for cost in costs]
    if len(values) == 1:
        return f"{values[0]:.{digits}f}"
    return f"{median(values):.{digits}f} [{min(values):.{digits}f}..{max(values):.{digits}f}]"


def tables(results: Results, facts: dict[str, dict]) -> list[str]:
    lines: list[str] = []
    for group in dict.fromkeys(group for group, _ in results):
        rows = {name: costs for (its_group, name), costs in results.items() if its_group == group}
        reference = min(middle(costs, "wall") for costs in rows.values())
        lines += [
            "", f"## {group}", "", facts[group]["description"], "",
            "| program | runs | time, s | × the fastest | objects/s | MB/s | client CPU, s | server CPU, s | peak memory, MiB | leaves, MB |",
            "|---|---|---|---|---|---|---|---|---|---|",
        ]  # fmt: skip
        for name, costs in rows.items():
            wall = middle(costs, "wall")
            count, size = facts[group]["sizes"].get(name, facts[group]["default"])
            lines.append(
                f"| {name} | {len(costs)} | {spread(costs, 'wall', 2)} | {wall / reference:.2f} | {count / wall:,.0f} | {size / 1e6 / wall:,.0f} "
                f"| {spread(costs, 'client_cpu', 2)} | {spread(costs, 'server_cpu', 2)} | {spread(costs, 'peak_memory', 0)} "
                f"| {middle(costs, 'output') / 1e6:,.0f} |"
            )
    return lines


def first_line(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=30)
        return (done.stdout or done.stderr).strip().splitlines()[0]
    except (OSError, IndexError, subprocess.TimeoutExpired):
        return "unknown"


def machine(bench: Bench) -> dict[str, str]:
    processors = [line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    memory = int(Path("/proc/meminfo").read_text().split()[1]) / (1 << 20)
    return {
        "processor": f"{len(processors)} × {processors[0] if processors else platform.machine()}",
        "memory": f"{memory:.0f} GiB",
        "kernel": platform.release(),
        "load when it began": Path("/proc/loadavg").read_text().split()[0],
        "holdfast": f"{first_line(bench.holdfast, '--version')}, {os.path.relpath(bench.holdfast)}",
        "server": first_line(str(Path(bench.python).parent / "weed"), "version"),
        "s5cmd": first_line(bench.s5cmd[0], "version"),
        "rclone": first_line(bench.rclone, "version"),
        "pigz": first_line("pigz", "--version"),
        "swift": first_line("swift", "--version"),
    }


def markdown(results: Results, facts: dict[str, dict], machine_facts: dict[str, str], scale: int, date: str) -> str:
    lines = [f"# Measured {date}", "", "| | |", "|---|---|"]
    lines += [f"| {name} | {value} |" for name, value in machine_facts.items()]
    judged = verdicts(results, scale)
    if judged:
        lines += ["", "## Wanted and measured", "", "| what | measured | wanted | |", "|---|---|---|---|"]
        lines += [verdict.row() for verdict in judged]
    lines += [
        "",
        "Times are medians [least..most] of runs taken in turn (A B C … A B C …) against one SeaweedFS server on the same machine,",
        "so client and server share its processors. All programs write to the same RAM disk. Each result was checked after its run.",
        "Peak memory is that of the largest process.",
    ]
    return "\n".join(lines + tables(results, facts)) + "\n"
