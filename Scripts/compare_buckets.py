#!/usr/bin/env python3
# Copyright the Holdfast authors
# SPDX-License-Identifier: Apache-2.0
"""Compares the current objects of two buckets both ways: keys, bytes (SHA-256), content headers, user metadata, tags.

Exits 0 when all are the same, 1 when anything differs (and says what), 2 when it could not compare.
It shares no code with Holdfast. The server comes from MINIO_ENDPOINT, MINIO_ROOT_USER, MINIO_ROOT_PASSWORD.
"""

import argparse
import hashlib
import os
import sys
from concurrent.futures import ProcessPoolExecutor

import storage

HEADERS = [
    "content-type",
    "content-encoding",
    "content-language",
    "content-disposition",
    "cache-control",
    "expires",
    "x-amz-website-redirect-location",
    "x-amz-storage-class",
]
SHOWN_DIFFERENCES = 40

# One pair of clients per process.
_source = _target = None


def connect(target_endpoint: str | None) -> None:
    global _source, _target
    _source = storage.client()
    _target = storage.client(target_endpoint)


def described(s3, bucket: str, key: str) -> dict[str, object]:
    reply = s3.get_object(Bucket=bucket, Key=key)
    digest = hashlib.sha256()
    size = 0
    for piece in reply["Body"].iter_chunks(1 << 20):
        digest.update(piece)
        size += len(piece)
    answer = reply["ResponseMetadata"]["HTTPHeaders"]
    facts: dict[str, object] = {"size": size, "SHA-256": digest.hexdigest()}
    for name in HEADERS:
        facts[name] = answer.get(name)
    # How an upload was transferred, which some servers keep as if it described the object.
    encodings = [token.strip() for token in (facts["content-encoding"] or "").split(",")]
    facts["content-encoding"] = ",".join(token for token in encodings if token not in ("", "aws-chunked")) or None
    facts["metadata"] = {name: value for name, value in answer.items() if name.startswith("x-amz-meta-")}
    tags = s3.get_object_tagging(Bucket=bucket, Key=key)["TagSet"]
    facts["tags"] = sorted((tag["Key"], tag["Value"]) for tag in tags)
    return facts


def compared(work: tuple[str, str, str]) -> tuple[int, list[str]]:
    """The object's size and what differs between its two copies."""
    source, target, key = work
    ours, theirs = described(_source, source, key), described(_target, target, key)
    return ours["size"], [
        f"{key!r}: {name} is {ours[name]!r} in {source}, {theirs[name]!r} in {target}"
        for name in ours
        if ours[name] != theirs[name]
    ]


def listed(entry: dict) -> tuple:
    # The ETag of a multipart upload depends on its parts, so only plain ones can be compared.
    return entry["Size"], entry["ETag"] if "-" not in entry["ETag"] else None


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("source")
    arguments.add_argument("target")
    arguments.add_argument("--target-endpoint", help="when the target is on another server (same credentials)")
    arguments.add_argument("--listing-only", action="store_true", help="compare keys, sizes and plain ETags, read nothing")
    options = arguments.parse_args()

    connect(options.target_endpoint)
    ours, theirs = storage.listing(_source, options.source), storage.listing(_target, options.target)
    differences = [f"{key!r}: only in {options.source}" for key in ours.keys() - theirs.keys()]
    differences += [f"{key!r}: only in {options.target}" for key in theirs.keys() - ours.keys()]
    common = sorted(ours.keys() & theirs.keys())
    size = 0
    if options.listing_only:
        for key in common:
            size += ours[key]["Size"]
            one, other = listed(ours[key]), listed(theirs[key])
            if one[0] != other[0] or (one[1] and other[1] and one[1] != other[1]):
                differences.append(f"{key!r}: size and ETag {one} in {options.source}, {other} in {options.target}")
    else:
        # Processes, since boto3 spends more time in Python than on the network.
        workers = min(8, 2 * (os.cpu_count() or 1))
        with ProcessPoolExecutor(workers, initializer=connect, initargs=(options.target_endpoint,)) as pool:
            work = [(options.source, options.target, key) for key in common]
            for length, found in pool.map(compared, work, chunksize=16):
                size += length
                differences += found

    if differences:
        for line in differences[:SHOWN_DIFFERENCES]:
            print(f"  {line}")
        print(f"{options.source} and {options.target} DIFFER: {len(differences):,} differences in {len(common):,} common objects")
        return 1
    if not common:
        print(f"{options.source} and {options.target} are both empty: nothing was compared")
        return 2
    what = "keys, sizes and ETags" if options.listing_only else "keys, bytes, content headers, metadata and tags"
    print(f"{options.source} and {options.target} are the same: {len(common):,} objects, {size / 1e6:.0f} MB ({what})")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        print(f"could not compare: {type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(2)
