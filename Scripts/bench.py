#!/usr/bin/env python3
# Copyright the Holdfast authors
# SPDX-License-Identifier: Apache-2.0
"""Measures Holdfast against s5cmd, rclone and a naive script, on a fresh SeaweedFS server on this machine.

Writes bench-results/latest.md and latest.json. HOLDFAST names the binary (default .build/release/holdfast).
"""

import argparse
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from benchmark import measure, report
from benchmark.contenders import Bench, Contender, WrongResult
from benchmark.days import Days

SCRIPTS = Path(__file__).resolve().parent
REPOSITORY = SCRIPTS.parent
LARGE_BYTES = 256 << 20
DESCRIPTIONS = {
    "small": "Backing up or copying {count:,} objects of 0 to 64 KiB, {size:.0f} MB; two thirds text, the rest noise.",
    "naive": "The same objects, by a script that does one thing after the other. Run once.",
    "large": "{count} objects of together {size:.0f} MB, half of them text.",
    "noise": "{count} incompressible objects of together {size:.0f} MB.",
    "restore": "{count:,} objects of 0 to 64 KiB, {size:.0f} MB, into a new bucket.",
    "again": "A second backup of {count:,} objects of 0 to 64 KiB, and the least that it could take: listing them, and reading what changed.",
    "scale": "Objects of 1 KiB: what memory does when there are more of them.",
}
BUCKET_OF_GROUP = {"naive": "small", "restore": "small", "scale": "tiny", "again": "changing"}


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def parsed() -> argparse.Namespace:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--quick", action="store_true", help="2,000 small objects, large ones of 32 MiB, one round")
    arguments.add_argument("--rounds", type=int, help="how often each program runs (default 3)")
    arguments.add_argument("--only", metavar="WORDS", action="append", help="only groups of this name and programs whose names contain this")
    arguments.add_argument("--skip-naive", action="store_true", help="leave out the naive script, which takes minutes")
    arguments.add_argument("--scale", type=int, metavar="N", default=0, help="also back up N times as many tiny objects (10 is usual)")
    arguments.add_argument("--days", type=int, metavar="N", default=0, help="instead: N days of backups against restic (10 is usual)")
    arguments.add_argument("--work", type=Path, help="where the programs write (default: a RAM disk)")
    options = arguments.parse_args()
    options.rounds = options.rounds or (1 if options.quick else 3)
    return options


def chosen(contenders: list[Contender], options: argparse.Namespace) -> list[Contender]:
    if options.only:
        return [one for one in contenders if any(word == one.group or word in one.name for word in options.only)]
    # The quick bench is for trying things out.
    without_naive = options.skip_naive or options.quick
    return [one for one in contenders if not (without_naive and one.group == "naive")]


def make_buckets(bench: Bench, groups: set[str], options: argparse.Namespace) -> None:
    small = 2000 if options.quick else 20000
    large = 32 << 20 if options.quick else LARGE_BYTES
    kinds = {
        "small": ("small", small),
        "changing": ("small", small),
        "large": ("large", 4, large),
        "noise": ("noise", 4, large),
        "tiny": ("tiny", small),
        "tiny-more": ("tiny", small * options.scale),
    }
    wanted = {BUCKET_OF_GROUP.get(group, group) for group in groups} | ({"tiny-more"} if "scale" in groups else set())
    for bucket, what in kinds.items():
        if bucket not in wanted:
            continue
        say(f"making and uploading the bucket {bucket}")
        files = bench.files / bucket
        bench.ask(bench.python, "-m", "benchmark.data", what[0], str(files), *map(str, what[1:]))
        bench.ask(*bench.s5cmd, "mb", f"s3://{bucket}")
        bench.ask(*bench.s5cmd, "--numworkers", "32", "cp", f"{files}/", f"s3://{bucket}/")
        bench.same_count(bucket)


def tree_size(directory: Path) -> int:
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())


def run_once(bench: Bench, contender: Contender, place: Path, server_pid: int) -> measure.Cost:
    label = secrets.token_hex(6)
    directory = place / label
    directory.mkdir()
    try:
        contender.prepare(directory, label)
        prepared = tree_size(directory)
        # What earlier runs left to be written must not be written during this one.
        os.sync()
        cost = measure.run(
            contender.command(directory, label),
            bench.environment() | contender.environment(directory, label),
            place / "program.log",
            server_pid,
        )
        cost.output = tree_size(directory) - prepared
        contender.check(directory, label)
        contender.tidy(directory, label)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
        shutil.rmtree(bench.state / label, ignore_errors=True)
    return cost


def rounds(bench: Bench, contenders: list[Contender], count: int, place: Path, server_pid: int) -> report.Results:
    results: report.Results = {}
    for group in dict.fromkeys(one.group for one in contenders):
        for number in range(count):
            for contender in (one for one in contenders if one.group == group):
                if contender.once and number > 0:
                    continue
                cost = run_once(bench, contender, place, server_pid)
                results.setdefault((group, contender.name), []).append(cost)
                say(
                    f"{group:8} round {number + 1}: {contender.name:58} {cost.wall:7.2f} s, client CPU {cost.client_cpu:6.2f} s, "
                    f"server CPU {cost.server_cpu:6.2f} s, {cost.peak_memory:5.0f} MiB"
                )
    return results


def described(bench: Bench, results: report.Results) -> dict[str, dict]:
    facts = {}
    for group in {group for group, _ in results}:
        bucket = BUCKET_OF_GROUP.get(group, group)
        size = bench.count(bucket), tree_size(bench.files / bucket)
        facts[group] = {
            "description": DESCRIPTIONS[group].format(count=size[0], size=size[1] / 1e6),
            "default": size,
            "sizes": {},
        }
        if group == "scale":
            more = bench.count("tiny-more"), tree_size(bench.files / "tiny-more")
            facts[group]["sizes"] = {name: more for its_group, name in results if its_group == group and name.endswith("times as many")}
    return facts


def write_results(bench: Bench, results: report.Results, machine: dict[str, str], options: argparse.Namespace) -> None:
    facts = described(bench, results)
    date = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    text = report.markdown(results, facts, machine, options.scale, date)
    folder = REPOSITORY / "bench-results"
    folder.mkdir(exist_ok=True)
    (folder / "latest.md").write_text(text)
    record = {
        "date": date,
        "machine": machine,
        "options": {name: str(value) for name, value in vars(options).items()},
        "runs": [
            {"group": group, "name": name, **asdict(cost)} for (group, name), costs in results.items() for cost in costs
        ],
        "verdicts": [asdict(verdict) | {"met": verdict.met} for verdict in report.verdicts(results, options.scale)],
    }
    (folder / "latest.json").write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    print(text)
    say(f"written to {folder / 'latest.md'} and latest.json")


def run_days(bench: Bench, options: argparse.Namespace, place: Path, server_pid: int) -> None:
    """Writes bench-results/days.md."""
    part = 50
    machine = report.machine(bench) | {"restic": report.first_line("restic", "version")}
    days = Days(bench, place, server_pid)
    say("making and uploading the files")
    days.prepare(*((1000, 32 << 20) if options.quick else (10000, LARGE_BYTES)))
    days.run(options.days, part, say)
    text = days.markdown(options.days, part, machine, time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()))
    folder = REPOSITORY / "bench-results"
    folder.mkdir(exist_ok=True)
    (folder / "days.md").write_text(text)
    print(text)


def main() -> None:
    options = parsed()
    holdfast = os.environ.get("HOLDFAST") or str(REPOSITORY / ".build/release/holdfast")
    if not os.access(holdfast, os.X_OK):
        sys.exit(f"there is no program at {holdfast}; build it (make release) or name another with HOLDFAST=PATH")
    memory_disk = Path("/dev/shm")
    base = options.work or (memory_disk if memory_disk.is_dir() else None)
    place = Path(tempfile.mkdtemp(prefix="holdfast-bench-", dir=base))
    # The server's data lies on the disk, as it would elsewhere.
    server = REPOSITORY / ".servers" / "bench"
    access_key, secret_key = "bench-user", secrets.token_hex(16)
    control = [str(SCRIPTS / "servers.sh")]
    environment = os.environ | {"S3_ACCESS_KEY": access_key, "S3_SECRET_KEY": secret_key, "S3_STOP": "kill"}

    def stop_server() -> None:
        subprocess.run([*control, "stop", "seaweedfs", str(server)], env=environment, check=False)
        shutil.rmtree(server, ignore_errors=True)

    stop_server()
    try:
        started = subprocess.run(
            [*control, "start", "seaweedfs", str(server), "auto"], env=environment, check=True, capture_output=True, text=True
        )
        bench = Bench(
            holdfast, sys.executable, SCRIPTS, (server / "endpoint").read_text().strip(), access_key, secret_key,
            files=place / "files", state=place / "state",
        )
        bench.files.mkdir()
        bench.state.mkdir()
        if options.days:
            return run_days(bench, options, place, int(started.stdout))
        contenders = chosen(bench.all(options.scale, 20 if options.quick else 200), options)
        if not contenders:
            sys.exit("nothing to measure: no group or program is called that")
        machine = report.machine(bench)
        make_buckets(bench, {one.group for one in contenders}, options)
        results = rounds(bench, contenders, options.rounds, place, int(started.stdout))
        write_results(bench, results, machine, options)
    except subprocess.CalledProcessError as error:
        sys.exit(f"the server did not start:\n{error.stderr}")
    except (measure.ProgramFailed, WrongResult) as error:
        sys.exit(f"stopped, since a run failed and its time would mean nothing: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        stop_server()
        shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    main()
