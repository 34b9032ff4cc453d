# Copyright the Holdfast authors
# SPDX-License-Identifier: Apache-2.0
"""Who runs against whom: for each group the programs, in the order of a round, and the check that each did its work."""

import glob
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

WORKERS = (16, 64)


@dataclass
class Contender:
    group: str
    name: str
    # Given a fresh, empty directory and a label that is unique to the run.
    command: Callable[[Path, str], list[str]]
    environment: Callable[[Path, str], dict[str, str]] = lambda place, label: {}
    # Done before the clock starts, and after it stopped; the second throws when the result is not what it should be.
    prepare: Callable[[Path, str], None] = lambda place, label: None
    check: Callable[[Path, str], None] = lambda place, label: None
    # Removes from the server what a run left there.
    tidy: Callable[[Path, str], None] = lambda place, label: None
    once: bool = False


class WrongResult(Exception):
    pass


@dataclass
class Bench:
    """What the commands need to know."""

    holdfast: str
    python: str
    scripts: Path
    endpoint: str
    access_key: str
    secret_key: str
    files: Path  # the files behind the buckets, one directory each
    state: Path

    @property
    def s5cmd(self) -> list[str]:
        # The program itself: the launcher on PATH would count a Python interpreter against it.
        site = Path(self.python).parent.parent
        program = glob.glob(f"{site}/lib/python*/site-packages/s5cmd/bin/s5cmd")[0]
        return [program, "--endpoint-url", self.endpoint, "--log", "error"]

    @property
    def rclone(self) -> str:
        return str(Path(self.python).parent / "rclone")

    def environment(self) -> dict[str, str]:
        """The same server and credentials, told to each program in its own words."""
        keep = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        return keep | {
            # An empty file: what this machine's own configuration says must not count.
            "HOLDFAST_CONFIG": "/dev/null",
            "MINIO_ENDPOINT": self.endpoint,
            "MINIO_ROOT_USER": self.access_key,
            "MINIO_ROOT_PASSWORD": self.secret_key,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_REGION": "us-east-1",
            "RCLONE_CONFIG": "/dev/null",
            "RCLONE_S3_PROVIDER": "Other",
            "RCLONE_S3_ENDPOINT": self.endpoint,
            "RCLONE_S3_ACCESS_KEY_ID": self.access_key,
            "RCLONE_S3_SECRET_ACCESS_KEY": self.secret_key,
            "RCLONE_S3_REGION": "us-east-1",
            "RCLONE_S3_FORCE_PATH_STYLE": "true",
            "PYTHONPATH": str(self.scripts),
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def ask(self, *command: str, **environment: str) -> str:
        """An untimed command that must succeed."""
        done = subprocess.run(
            command, env=self.environment() | environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace"
        )
        if done.returncode != 0:
            raise WrongResult(f"exit {done.returncode} from {' '.join(command)}\n{(done.stdout + done.stderr)[-2000:]}")
        return done.stdout

    def vault(self, place: Path, label: str, copies: str) -> dict[str, str]:
        """The environment of a vault that is a directory, a bucket or both; each run has its own."""
        return {
            "HOLDFAST_VAULT_DIRECTORY": str(place / "vault") if "directory" in copies else "",
            "HOLDFAST_VAULT_BUCKET": f"vault-{label}" if "bucket" in copies else "",
            "HOLDFAST_STATE_DIRECTORY": str(self.state / label),
        }

    def backup(self, group: str, bucket: str, copies: str, codec: str) -> Contender:
        def tidy(place: Path, label: str) -> None:
            if "bucket" in copies:
                self.ask(*self.s5cmd, "rm", f"s3://vault-{label}/*")
                self.ask(*self.s5cmd, "rb", f"s3://vault-{label}")

        return Contender(
            group,
            f"holdfast backup, {codec}, to {copies}",
            lambda place, label: [self.holdfast, "backup", bucket, "--name", label, "--format", codec],
            lambda place, label: self.vault(place, label, copies),
            check=lambda place, label: self.ask(
                self.holdfast, "verify", label, "--depth", "contents", **self.vault(place, label, copies)
            ),
            tidy=tidy,
        )

    def sealed_backup(self, group: str, bucket: str) -> Contender:
        """The backup to a directory, sealed; its recipient and identity are made for the run."""

        def prepare(place: Path, label: str) -> None:
            self.ask(self.holdfast, "keys", "generate", f"{self.state}/{label}.key")
            recipient = self.ask(self.holdfast, "keys", "show", f"{self.state}/{label}.key").strip()
            Path(f"{self.state}/{label}.recipients").write_text(recipient.split()[-1] + "\n")

        contender = self.backup(group, bucket, "directory", "gzip")
        contender.name += ", sealed"
        contender.prepare = prepare
        contender.command = lambda place, label: [
            self.holdfast, "backup", bucket, "--name", label, "--recipients-file", f"{self.state}/{label}.recipients"
        ]
        contender.check = lambda place, label: self.ask(
            self.holdfast, "verify", label, "--identity", f"{self.state}/{label}.key", **self.vault(place, label, "directory")
        )
        return contender

    def second_backup(self, group: str, bucket: str, changed: int) -> Contender:
        """A backup that builds on one made before the clock starts, with so many objects rewritten between the two."""

        def prepare(place: Path, label: str) -> None:
            self.ask(self.holdfast, "backup", bucket, "--full", "--name", f"{label}-0", **self.vault(place, label, "directory"))
            self.rewrite(bucket, changed)

        return Contender(
            group,
            f"holdfast backup again, {changed or 'no'} objects changed",
            lambda place, label: [self.holdfast, "backup", bucket, "--name", label],
            lambda place, label: self.vault(place, label, "directory"),
            prepare=prepare,
            check=lambda place, label: self.ask(
                self.holdfast, "verify", label, "--depth", "contents", **self.vault(place, label, "directory")
            ),
        )

    def changing(self, bucket: str, count: int) -> list[Path]:
        return sorted(path for path in (self.files / bucket).rglob("*") if path.is_file())[:: max(1, self.count(bucket) // max(1, count))][:count]

    def rewrite(self, bucket: str, count: int) -> None:
        """Other bytes of the same length for every so manieth object, of the files as well."""
        if not count:
            return
        files = self.changing(bucket, count)
        for path in files:
            path.write_bytes(os.urandom(max(1, path.stat().st_size)))
        commands = self.state / "rewrite.txt"
        commands.write_text("".join(f"cp '{path}' 's3://{bucket}/{path.relative_to(self.files / bucket)}'\n" for path in files))
        self.ask(*self.s5cmd, "run", str(commands))

    def listing(self, group: str, bucket: str) -> Contender:
        return Contender(group, "s5cmd ls", lambda place, label: [*self.s5cmd, "ls", f"s3://{bucket}/*"])

    def fetch(self, group: str, bucket: str, count: int) -> Contender:
        """Reads those objects that the other contender finds changed, and no others."""

        def prepare(place: Path, label: str) -> None:
            keys = [str(path.relative_to(self.files / bucket)) for path in self.changing(bucket, count)]
            (self.state / f"{label}.txt").write_text(
                "".join(f"cp 's3://{bucket}/{key}' '{place}/copy/{number}'\n" for number, key in enumerate(keys))
            )

        return Contender(
            group,
            f"s5cmd cp of {count} objects",
            lambda place, label: [*self.s5cmd, "--numworkers", "64", "run", f"{self.state}/{label}.txt"],
            prepare=prepare,
        )

    def count(self, bucket: str) -> int:
        return sum(len(names) for _, _, names in os.walk(self.files / bucket))

    def same_count(self, bucket: str) -> None:
        script = "import storage, sys; print(len(storage.listing(storage.client(), sys.argv[1])))"
        found = int(self.ask(self.python, "-c", script, bucket))
        if found != self.count(bucket):
            raise WrongResult(f"the bucket {bucket} lists {found} objects after an upload of {self.count(bucket)}")

    def must_hold(self, directory: Path, bucket: str) -> None:
        found, wanted = sum(len(names) for _, _, names in os.walk(directory)), self.count(bucket)
        if found != wanted:
            raise WrongResult(f"{directory} has {found} files, the bucket {bucket} {wanted}")

    def s5cmd_copy(self, group: str, bucket: str, workers: int) -> Contender:
        return Contender(
            group,
            f"s5cmd cp, {workers} workers",
            lambda place, label: [*self.s5cmd, "--numworkers", str(workers), "cp", f"s3://{bucket}/*", f"{place}/copy/"],
            check=lambda place, label: self.must_hold(place / "copy", bucket),
        )

    def rclone_copy(self, group: str, bucket: str, workers: int) -> Contender:
        return Contender(
            group,
            f"rclone copy, {workers} transfers",
            lambda place, label: self.rclone_command(bucket, place, workers),
            check=lambda place, label: self.must_hold(place / "copy", bucket),
        )

    def rclone_command(self, bucket: str, place: Path, workers: int) -> list[str]:
        count = str(workers)
        return [self.rclone, "copy", f":s3:{bucket}", f"{place}/copy", "--transfers", count, "--checkers", count]

    def rclone_archive(self, group: str, bucket: str, workers: int) -> Contender:
        script = '"${@:2}" && tar -cf - -C "$1/copy" . | pigz -1 >"$1/copy.tar.gz"'

        def check(place: Path, label: str) -> None:
            members = self.ask("tar", "-tf", f"{place}/copy.tar.gz").splitlines()
            if (found := sum(not name.endswith("/") for name in members)) != self.count(bucket):
                raise WrongResult(f"the archive has {found} files, the bucket {bucket} {self.count(bucket)}")

        return Contender(
            group,
            f"rclone copy, {workers} transfers, then tar and pigz -1",
            lambda place, label: ["bash", "-o", "pipefail", "-c", script, "bash", str(place)]
            + self.rclone_command(bucket, place, workers),
            check=check,
        )

    def naive(self, group: str, bucket: str) -> Contender:
        return Contender(
            group,
            "boto3 one by one, tarfile, upload",
            lambda place, label: [self.python, "-m", "benchmark.naive_backup", bucket, str(place), f"vault-{label}"],
            once=True,
        )

    def restore(self, group: str, bucket: str) -> Contender:
        def prepare(place: Path, label: str) -> None:
            self.ask(self.holdfast, "backup", bucket, "--name", label, **self.vault(place, label, "directory"))

        return Contender(
            group,
            "holdfast restore into a new bucket",
            lambda place, label: [self.holdfast, "restore", label, "--to", f"restored-{label}"],
            lambda place, label: self.vault(place, label, "directory"),
            prepare=prepare,
            check=lambda place, label: self.same_as(bucket, f"restored-{label}"),
        )

    def s5cmd_upload(self, group: str, bucket: str, workers: int) -> Contender:
        return Contender(
            group,
            f"s5cmd cp of the same files, {workers} workers",
            lambda place, label: [
                *self.s5cmd, "--numworkers", str(workers), "cp", f"{self.files / bucket}/", f"s3://uploaded-{label}/"
            ],
            prepare=lambda place, label: self.ask(*self.s5cmd, "mb", f"s3://uploaded-{label}") and None,
            check=lambda place, label: self.same_as(bucket, f"uploaded-{label}"),
        )

    def same_as(self, bucket: str, other: str) -> None:
        self.ask(self.python, str(self.scripts / "compare_buckets.py"), "--listing-only", bucket, other)

    def all(self, scale: int, changed: int) -> list[Contender]:
        both = "directory and bucket"
        contenders = [
            self.backup("small", "small", "directory", "gzip"),
            self.backup("small", "small", "directory", "zstd"),
            self.backup("small", "small", both, "gzip"),
            self.backup("small", "small", "bucket", "gzip"),
            self.sealed_backup("small", "small"),
            *[self.s5cmd_copy("small", "small", workers) for workers in WORKERS],
            *[self.rclone_copy("small", "small", workers) for workers in WORKERS],
            self.rclone_archive("small", "small", WORKERS[-1]),
            self.naive("naive", "small"),
            self.second_backup("again", "changing", 0),
            self.second_backup("again", "changing", changed),
            self.listing("again", "changing"),
            self.fetch("again", "changing", changed),
            self.backup("large", "large", "directory", "gzip"),
            self.backup("large", "large", "directory", "zstd"),
            *[self.s5cmd_copy("large", "large", workers) for workers in WORKERS],
            self.backup("noise", "noise", "directory", "gzip"),
            *[self.s5cmd_copy("noise", "noise", workers) for workers in WORKERS],
            self.restore("restore", "small"),
            *[self.s5cmd_upload("restore", "small", workers) for workers in WORKERS],
        ]
        if scale:
            contenders += [self.backup("scale", bucket, "directory", "gzip") for bucket in ("tiny", "tiny-more")]
            contenders[-2].name += ", a few tiny objects"
            contenders[-1].name += f", {scale} times as many"
        return contenders
