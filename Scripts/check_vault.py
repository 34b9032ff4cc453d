#!/usr/bin/env python3
# Copyright the Holdfast authors
# SPDX-License-Identifier: Apache-2.0
"""check_vault.py [--identity FILE] VAULT...: looks whether the invariants I1 to I7 of Documentation/format.md hold in vaults.

VAULT is a directory or s3://BUCKET (with MINIO_ENDPOINT, MINIO_ROOT_USER and MINIO_ROOT_PASSWORD); the identity opens
sealed archives, by the program age. Shares nothing with Holdfast: gzip, zstd, tarfile and sqlite3 read the archives. Prints a line
for each thing that is wrong and exits with 1 if there is one.
"""

import argparse
import hashlib
import json
import re
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ARCHIVE = re.compile(r"(?P<name>[A-Za-z0-9_][A-Za-z0-9._-]{0,199})\.tar\.(?P<codec>gz|zst)(?P<sealed>\.age)?")
PROGRAMS = {"gz": ["gzip", "-dc"], "zst": ["zstd", "-dcq"]}
COLUMNS = "key, ordinal, is_latest, is_delete_marker, size, sha256, member, extents"


class Wrong(Exception):
    pass


class Archive:
    """One archive, decompressed into a temporary file."""

    def __init__(self, path: Path, identity: str | None):
        found = ARCHIVE.fullmatch(path.name)
        if not found:
            raise Wrong(f"I1 {path.name}: no name of an archive")
        self.file = path.name
        self.tar = tempfile.TemporaryFile()
        bytes_of = path.open("rb")
        if found["sealed"]:
            opened = tempfile.TemporaryFile()
            if subprocess.run(["age", "-d", "-i", identity or "/dev/null", str(path)], stdout=opened).returncode:
                raise Wrong(f"I1 {path.name}: age cannot open it")
            opened.seek(0)
            bytes_of = opened
        # It ends with a failure when a checksum is wrong or the end is missing.
        if subprocess.run(PROGRAMS[found["codec"]], stdin=bytes_of, stdout=self.tar).returncode:
            raise Wrong(f"I1 {path.name}: {PROGRAMS[found['codec']][0]} finds it damaged")
        self.tar.seek(0)
        try:
            with tarfile.open(fileobj=self.tar, mode="r:") as tar:
                self.members = tar.getmembers()
                own = {one.name: one for one in self.members if one.name in (".backup_metadata.json", ".holdfast/catalog.db")}
                if len(own) != 2:
                    raise Wrong(f"I3 {path.name}: has only {sorted(own)} of metadata and catalog")
                self.metadata = json.load(tar.extractfile(own[".backup_metadata.json"]))
                self.catalog_file = tempfile.NamedTemporaryFile()
                self.catalog_file.write(tar.extractfile(own[".holdfast/catalog.db"]).read())
                self.catalog_file.flush()
        except tarfile.TarError as error:
            raise Wrong(f"I2 {path.name}: tarfile cannot read it: {error}") from error
        self.catalog = sqlite3.connect(self.catalog_file.name)
        self.fact = dict(self.catalog.execute("select name, value from info"))

    def names(self) -> dict[int, str]:
        return {0: self.file, **dict(self.catalog.execute("select id, name from archives"))}

    def rows(self, vault: "Vault") -> dict[tuple, tuple]:
        """The rows of the backup by key and ordinal, with extents that name archives instead of numbering them."""
        rows = {}
        if base := self.fact.get("base.archive"):
            rows = vault.archive(base, f"I6 {self.file}").rows(vault)
            for place in self.catalog.execute("select key, ordinal from tombstones"):
                rows.pop(place, None)
        names = self.names()
        for key, ordinal, *rest, extents in self.catalog.execute(f"select {COLUMNS} from objects"):
            places = [(names[number], offset, length) for number, offset, length in json.loads(extents or "[]")]
            rows[key, ordinal] = (*rest, places)
        return rows

    def read(self, offset: int, length: int) -> bytes:
        self.tar.seek(offset)
        return self.tar.read(length)


class Vault:
    def __init__(self, folder: Path, identity: str | None):
        self.folder, self.identity = folder, identity
        self.opened: dict[str, Archive] = {}

    def archive(self, file: str, whose: str) -> Archive:
        if file not in self.opened:
            path = self.folder / "buckets" / file
            if not path.is_file():
                raise Wrong(f"{whose}: needs {file}, which is not there")
            self.opened[file] = Archive(path, self.identity)
        return self.opened[file]

    def check(self) -> list[str]:
        wrong = []
        folder = self.folder / "buckets"
        hidden = {path.name.removesuffix(".json") for path in (self.folder / "hidden").glob("*.json")}
        for path in sorted(folder.iterdir()) if folder.is_dir() else []:
            # What a dead run left under a name that is no backup's is for the next run to remove.
            if path.name.startswith(".partial-"):
                continue
            try:
                archive = self.archive(path.name, path.name)
                wrong += self.check_members(archive)
                # Of a hidden backup only that is wanted which listed ones refer to.
                if path.name not in hidden:
                    wrong += self.check_backup(archive)
            except Wrong as error:
                wrong.append(str(error))
        return wrong

    def check_members(self, archive: Archive) -> list[str]:
        """I2 and I7: no name leads out of the folder in which it is unpacked."""
        wrong = []
        for member in archive.members:
            parts = member.name.split("/")
            if member.name.startswith("/") or ".." in parts or "." in parts[:-1]:
                wrong.append(f"I7 {archive.file}: a member is called {member.name!r}")
            if not (member.isreg() or member.islnk()):
                wrong.append(f"I2 {archive.file}: {member.name!r} is no file")
        return wrong

    def check_backup(self, archive: Archive) -> list[str]:
        wrong = []
        rows = archive.rows(self)
        needed = set()
        for (key, ordinal), (is_latest, is_marker, size, sha256, member, places) in rows.items():
            what = f"{archive.file}: {key!r} {ordinal}"
            if is_marker:
                continue
            content = b""
            for file, offset, length in places:
                needed.add(file)
                content += self.archive(file, f"I6 {what}").read(offset, length)
            if len(content) != size:
                wrong.append(f"I4 {what} has {len(content)} bytes of {size}")
            if sha256 is None or hashlib.sha256(content).digest() != sha256:
                wrong.append(f"I4 {what} has other bytes than were backed up")
        listed = archive.fact.get("total.stored")
        if listed is not None and int(listed) != len(rows):
            wrong.append(f"I3 {archive.file}: {len(rows)} rows, and it says {listed}")
        depends_on = set(archive.metadata["depends_on"])
        if not needed - {archive.file} <= depends_on:
            wrong.append(f"I3 {archive.file}: does not name {sorted(needed - depends_on - {archive.file})}")
        for file in depends_on:
            other = self.archive(file, f"I6 {archive.file}")
            if other.metadata["timestamp"] > archive.metadata["timestamp"]:
                wrong.append(f"I5 {archive.file}: refers to {file}, which is younger")
        if not depends_on:
            wrong += self.check_extraction(archive, rows)
        return wrong

    def check_extraction(self, archive: Archive, rows: dict[tuple, tuple]) -> list[str]:
        """I2: a full backup, unpacked by tar alone, has each current object under the name that the catalog gives."""
        archive.tar.seek(0)
        with tempfile.TemporaryDirectory() as place, tarfile.open(fileobj=archive.tar, mode="r:") as tar:
            tar.extractall(place)
            for (key, _), (is_latest, is_marker, size, sha256, member, _) in rows.items():
                path = Path(place) / member.decode(errors="surrogateescape") if member else None
                if not is_latest or is_marker:
                    continue
                if path is None or not path.is_file() or hashlib.sha256(path.read_bytes()).digest() != sha256:
                    return [f"I2 {archive.file}: {key!r} is not there when tar unpacks it"]
        return []


def fetched(bucket: str, folder: Path) -> None:
    import storage

    s3 = storage.client()
    for key in storage.listing(s3, bucket):
        path = folder / key
        if key.startswith(("buckets/", "hidden/")):
            path.parent.mkdir(parents=True, exist_ok=True)
            s3.download_file(bucket, key, str(path))


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--identity", metavar="FILE")
    arguments.add_argument("vaults", metavar="VAULT", nargs="+")
    options = arguments.parse_args()
    wrong = []
    for place in options.vaults:
        with tempfile.TemporaryDirectory() as copy:
            folder = Path(place)
            if place.startswith("s3://"):
                folder = Path(copy)
                fetched(place.removeprefix("s3://"), folder)
            elif not folder.is_dir():
                arguments.error(f"there is no directory {place}")
            wrong += [f"{place}: {line}" for line in Vault(folder, options.identity).check()]
    print("".join(f"{line}\n" for line in wrong), end="")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
