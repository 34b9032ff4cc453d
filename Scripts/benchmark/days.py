# Copyright the Holdfast authors
# SPDX-License-Identifier: Apache-2.0
"""Days of backups of one data set by Holdfast and by restic: what each takes, and what lies in the repository then.

restic reads the files, Holdfast the bucket that holds the same; both write into a bucket of the same server, compressed with
zstd and encrypted.
"""

import os
import random
from pathlib import Path
from statistics import median

from . import measure
from .contenders import Bench

BUCKET, REPOSITORY, VAULT = "days", "restic-repository", "days-vault"
KEPT = 3


class Days:
    """The two of them, with their state from day to day."""

    def __init__(self, bench: Bench, place: Path, server_pid: int):
        self.bench, self.place, self.server_pid = bench, place, server_pid
        self.files = bench.files / BUCKET
        self.random = random.Random(20)
        self.costs: dict[str, dict[str, list[measure.Cost]]] = {}
        self.stored: dict[str, dict[str, int]] = {"holdfast": {}, "restic": {}}

    def prepare(self, small: int, large: int) -> None:
        bench = self.bench
        bench.ask(bench.python, "-m", "benchmark.data", "small", str(self.files / "small"), str(small))
        bench.ask(bench.python, "-m", "benchmark.data", "large", str(self.files / "large"), "2", str(large))
        bench.ask(*bench.s5cmd, "mb", f"s3://{BUCKET}")
        bench.ask(*bench.s5cmd, "--numworkers", "32", "cp", f"{self.files}/", f"s3://{BUCKET}/")
        bench.ask(bench.holdfast, "keys", "generate", str(self.place / "identity"))
        key = bench.ask(bench.holdfast, "keys", "show", str(self.place / "identity")).split()[-1]
        (self.place / "recipients").write_text(key + "\n")
        (self.place / "password").write_text("a password of the benchmark\n")
        bench.ask("restic", "init", **self.restic_environment())

    def restic_environment(self) -> dict[str, str]:
        return {
            "RESTIC_REPOSITORY": f"s3:{self.bench.endpoint}/{REPOSITORY}",
            "RESTIC_PASSWORD_FILE": str(self.place / "password"),
            "RESTIC_CACHE_DIR": str(self.place / "restic-cache"),
        }

    def holdfast_environment(self) -> dict[str, str]:
        return {
            "HOLDFAST_VAULT_DIRECTORY": "",
            "HOLDFAST_VAULT_BUCKET": VAULT,
            "HOLDFAST_STATE_DIRECTORY": str(self.place / "state"),
            "HOLDFAST_RECIPIENTS_FILE": str(self.place / "recipients"),
            "HOLDFAST_IDENTITY_FILE": str(self.place / "identity"),
        }

    def time(self, step: str, restic: list[str], holdfast: list[str]) -> None:
        for name, command, environment in (
            ("restic", ["restic", "--quiet", *restic], self.restic_environment()),
            ("holdfast", [self.bench.holdfast, *holdfast, "--quiet"], self.holdfast_environment()),
        ):
            os.sync()
            cost = measure.run(command, self.bench.environment() | environment, self.place / "program.log", self.server_pid)
            self.costs.setdefault(step, {}).setdefault(name, []).append(cost)

    def size(self, bucket: str) -> int:
        script = "import storage, sys; print(sum(o['Size'] for o in storage.listing(storage.client(), sys.argv[1]).values()))"
        return int(self.bench.ask(self.bench.python, "-c", script, bucket))

    def note_sizes(self, when: str) -> None:
        self.stored["restic"][when] = self.size(REPOSITORY)
        self.stored["holdfast"][when] = self.size(VAULT)

    def change(self, part: int) -> None:
        """Rewrites one small file in `part`, and a mebibyte within each large one."""
        small = sorted(path for path in (self.files / "small").rglob("*") if path.is_file())
        changed = self.random.sample(small, max(1, len(small) // part))
        for path in changed:
            # Another file's lines in another order: text stays text, noise stays noise.
            lines = self.random.choice(small).read_bytes().splitlines(keepends=True)
            self.random.shuffle(lines)
            path.write_bytes(b"".join(lines) or b"\n")
        for path in sorted((self.files / "large").rglob("*")):
            with open(path, "r+b") as file:
                file.seek(self.random.randrange(path.stat().st_size - (1 << 20)))
                file.write(self.random.randbytes(1 << 20))
            changed.append(path)
        commands = self.place / "changes.txt"
        commands.write_text("".join(f"cp '{path}' 's3://{BUCKET}/{path.relative_to(self.files)}'\n" for path in changed))
        self.bench.ask(*self.bench.s5cmd, "run", str(commands))

    def run(self, days: int, part: int, say) -> None:
        backup = ["backup", BUCKET, "--format", "zstd", "--name"]
        say("the first backups")
        self.time("first backup", ["backup", str(self.files)], [*backup, "day-0"])
        self.note_sizes("first")
        for day in range(1, days + 1):
            self.change(part)
            say(f"the backups of day {day}")
            self.time("a day's backup", ["backup", str(self.files)], [*backup, f"day-{day}"])
        self.note_sizes("days")
        say("checking")
        self.time("check of the structure", ["check"], ["verify", "--all", "--depth", "structure"])
        self.time("check of every byte", ["check", "--read-data"], ["verify", "--all", "--depth", "contents"])
        say("pruning")
        self.time(
            f"prune to the last {KEPT}",
            ["forget", "--keep-last", str(KEPT), "--prune"],
            ["prune", BUCKET, "--keep-last", str(KEPT)],
        )
        self.note_sizes("pruned")

    def markdown(self, days: int, part: int, machine: dict[str, str], date: str) -> str:
        rows = []
        for step, costs in self.costs.items():
            ours, theirs = costs["holdfast"], costs["restic"]
            values = [median(cost.wall for cost in side) for side in (ours, theirs)]
            cpu = [median(cost.client_cpu for cost in side) for side in (ours, theirs)]
            memory = [max(cost.peak_memory for cost in side) for side in (ours, theirs)]
            rows.append(
                f"| {step}, seconds | {values[0]:.2f} | {values[1]:.2f} | {values[0] / values[1]:.2f} | "
                f"{cpu[0]:.2f} / {cpu[1]:.2f} | {memory[0]:.0f} / {memory[1]:.0f} |"
            )
        for when, words in (("first", "after the first"), ("days", f"after {days} days"), ("pruned", "after the prune")):
            ours, theirs = self.stored["holdfast"][when], self.stored["restic"][when]
            rows.append(f"| stored {words}, MB | {ours / 1e6:.1f} | {theirs / 1e6:.1f} | {ours / theirs:.2f} | | |")
        return "\n".join(
            [
                f"{date}; " + "; ".join(f"{name}: {value}" for name, value in machine.items()),
                "",
                f"{self.bench.count(BUCKET):,} files, on each of {days} days one small file in {part} rewritten and a mebibyte within each large one.",
                "",
                "| | Holdfast | restic | ratio | CPU seconds | peak MiB |",
                "|---|---|---|---|---|---|",
                *rows,
                "",
            ]
        )
