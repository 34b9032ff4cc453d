# Copyright the Holdfast authors
# SPDX-License-Identifier: Apache-2.0
"""Runs a program and says what it cost: it and all its children, and the server meanwhile."""

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass
class Cost:
    wall: float  # seconds
    client_cpu: float  # seconds, user and system, of the program and its children
    server_cpu: float  # seconds
    peak_memory: float  # MiB, of the largest process
    output: int = 0  # bytes left on disk


class ProgramFailed(Exception):
    pass


def cpu_seconds(pid: int) -> float:
    """User and system time of one running process with all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND


def run(command: list[str], environment: dict[str, str], log: Path, server_pid: int) -> Cost:
    """Throws when the program fails: a failed run has no time.

    A child inherits its parent's peak memory until it calls exec, so whoever imports this must stay small
    (no boto3, no data).
    """
    with open(log, "wb") as output:
        server_before = cpu_seconds(server_pid)
        begun = time.monotonic()
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            os.killpg(process.pid, signal.SIGTERM)
            raise
        wall = time.monotonic() - begun
        server = cpu_seconds(server_pid) - server_before
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        tail = log.read_text(errors="replace")[-2000:]
        raise ProgramFailed(f"exit {process.returncode} from {' '.join(command)}\n{tail}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, server, usage.ru_maxrss / 1024)
