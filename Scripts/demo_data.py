#!/usr/bin/env python3
# Copyright the Holdfast authors
# SPDX-License-Identifier: Apache-2.0
"""demo_data.py fill BUCKET | remove BUCKET...: a bucket of varied objects with awkward keys; always the same ones."""

import argparse
import gzip
import io
import json
import random
import sys
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

import storage

ORDINARY_OBJECTS = 2970
LARGE_BYTES = 40 << 20
WORDS = "harbour rope winter lantern copper archive morning ledger river anchor stone garden paper engine silver".split()

AWKWARD_KEYS = [
    "letters/with spaces in it.txt",
    " a space first and last ",
    unicodedata.normalize("NFC", "letters/Grüße aus Köln.txt"),
    unicodedata.normalize("NFD", "letters/Grüße aus Köln.txt"),
    "plus/1+1=2.txt",
    "percent/100% sure.txt",
    "percent/%2F is no slash, %41 is no A.txt",
    "quotes/'single' \"double\" `back` & <angle>.txt",
    "question?/what#fragment.txt",
    "signs/;,:@!$*()=~[]{}|^.txt",
    "emoji/🎉 🗄️.txt",
    "日本語/ファイル.txt",
    ".hidden",
    "dots/..two and ...three",
    "deep/" + "/".join(str(n) for n in range(1, 61)) + "/bottom.txt",
    "long/" + "n" * 250,
    "longest/" + "/".join(["p" * 200] * 5) + "/" + "q" * 11,
    # One key that is also the beginning of others.
    "album",
    "album/cover.jpg",
    "album/disc 1/track 01.flac",
    "empty folder/",
]


def text(rng: random.Random, size: int) -> bytes:
    lines = []
    length = 0
    while length < size:
        lines.append(" ".join(rng.choices(WORDS, k=rng.randint(4, 14))).capitalize() + ".\n")
        length += len(lines[-1])
    return "".join(lines).encode()[:size]


def records(rng: random.Random, count: int) -> bytes:
    rows = [
        {"id": rng.getrandbits(40), "name": rng.choice(WORDS), "price": round(rng.uniform(1, 900), 2), "sold": rng.random() < 0.5}
        for _ in range(count)
    ]
    return json.dumps(rows, indent=1).encode()


def ordinary(rng: random.Random, number: int) -> dict:
    """One of seven kinds of object, as the arguments of put_object."""
    kind = number % 7
    day = f"2024/{1 + number % 12:02}/{1 + number % 28:02}"
    if kind == 0:
        return dict(Key=f"notes/{day}/{number:05}.txt", Body=text(rng, rng.randint(1, 20_000)), ContentType="text/plain; charset=utf-8")
    if kind == 1:
        return dict(
            Key=f"records/{day}/{number:05}.json",
            Body=records(rng, rng.randint(1, 150)),
            ContentType="application/json",
            CacheControl="private, max-age=3600",
            Tagging=urlencode({"project": rng.choice(WORDS), "year": "2024", "a b": "c+d=e/f"}),
        )
    if kind == 2:
        return dict(
            Key=f"logs/{day}/{number:05}.log",
            Body=gzip.compress(text(rng, rng.randint(1000, 40_000)), mtime=0),
            ContentType="text/plain",
            ContentEncoding="gzip",
        )
    if kind == 3:
        return dict(
            Key=f"photos/{day}/IMG_{number:05}.jpg",
            Body=rng.randbytes(int(10 ** rng.uniform(3, 5))),
            ContentType="image/jpeg",
            CacheControl="public, max-age=31536000, immutable",
            Metadata={"camera": "Rolleiflex 3.5F", "taken-at": f"{day} 12:00", "rating": str(rng.randint(1, 5))},
        )
    if kind == 4:
        return dict(
            Key=f"documents/{rng.choice(WORDS)}/{number:05}.bin",
            Body=rng.randbytes(rng.randint(1, 2000)),
            ContentDisposition=f"attachment; filename=\"report {number}.bin\"",
            ContentLanguage="de-AT",
            Metadata={"owner": rng.choice(WORDS)},
        )
    if kind == 5:
        return dict(Key=f"markers/{day}/{number:05}.done", Body=b"", Metadata={"reason": "nothing inside on purpose"})
    return dict(
        Key=f"pages/{rng.choice(WORDS)}/{number:05}.html",
        Body=b"<!doctype html>\n" + text(rng, rng.randint(100, 9000)),
        ContentType="text/html",
        Expires="Thu, 01 Jan 2032 00:00:00 GMT",
        Tagging=urlencode({"public": "yes"}),
    )


def awkward(key: str) -> dict:
    if key.endswith("/"):
        return dict(Key=key, Body=b"")
    return dict(Key=key, Body=f"The key of this object is {key!r}.\n".encode(), ContentType="text/plain", Metadata={"kind": "awkward"})


def fill(bucket: str) -> None:
    s3 = storage.client()
    rng = random.Random(20240229)
    s3.create_bucket(Bucket=bucket)
    count = 0
    # One after the other: servers that keep files must see "album" before "album/cover.jpg".
    for key in AWKWARD_KEYS:
        try:
            s3.put_object(Bucket=bucket, **awkward(key))
            count += 1
        except ClientError as error:
            print(f"  this server refuses the key {key!r}, so the demonstration goes without it: {error}", file=sys.stderr)
    objects = [ordinary(rng, number) for number in range(ORDINARY_OBJECTS)]
    with ThreadPoolExecutor(16) as pool:
        for _ in pool.map(lambda item: s3.put_object(Bucket=bucket, **item), objects):
            count += 1
    size = sum(len(item["Body"]) for item in objects)
    for key, body, content_type in (
        ("large/story.txt", text(rng, 1 << 20) * (LARGE_BYTES >> 20), "text/plain"),
        ("large/noise.bin", rng.randbytes(LARGE_BYTES), "application/octet-stream"),
    ):
        s3.upload_fileobj(
            io.BytesIO(body), bucket, key, Config=TransferConfig(multipart_chunksize=8 << 20),
            ExtraArgs={"ContentType": content_type, "Metadata": {"parts": "uploaded in parts of 8 MiB"}},
        )
        count += 1
        size += len(body)
    print(f"  {bucket} now holds {count:,} objects, {size / 1e6:.0f} MB")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("action", choices=["fill", "remove"])
    arguments.add_argument("buckets", nargs="+")
    options = arguments.parse_args()
    for bucket in options.buckets:
        if options.action == "fill":
            fill(bucket)
        else:
            storage.remove_bucket(storage.client(), bucket)


if __name__ == "__main__":
    main()
