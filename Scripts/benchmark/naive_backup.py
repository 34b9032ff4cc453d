# Copyright the Holdfast authors
# SPDX-License-Identifier: Apache-2.0
"""python -m benchmark.naive_backup BUCKET WORK-DIRECTORY VAULT-BUCKET: the script everybody writes first.

Downloads one object after the other, packs the files into a tar.gz, uploads that.
"""

import sys
import tarfile
from pathlib import Path

import storage


def main() -> None:
    bucket, work, vault = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    s3 = storage.client()
    s3.create_bucket(Bucket=vault)
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for entry in page.get("Contents", []):
            path = work / "files" / entry["Key"]
            path.parent.mkdir(parents=True, exist_ok=True)
            s3.download_file(bucket, entry["Key"], str(path))
    archive = work / "naive.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(work / "files", arcname=".")
    s3.upload_file(str(archive), vault, archive.name)


main()
