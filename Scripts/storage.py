# Copyright the Holdfast authors
# SPDX-License-Identifier: Apache-2.0
"""What the Python scripts need of S3. Never Holdfast's own code: these scripts judge it."""

import base64
import hashlib
import os

import boto3
from botocore.client import Config


def client(endpoint: str | None = None):
    """A client for `endpoint` or MINIO_ENDPOINT, with MINIO_ROOT_USER and MINIO_ROOT_PASSWORD."""
    endpoint = endpoint or os.environ["MINIO_ENDPOINT"]
    s3 = boto3.client(
        "s3",
        endpoint_url=endpoint if "://" in endpoint else f"http://{endpoint}",
        aws_access_key_id=os.environ["MINIO_ROOT_USER"],
        aws_secret_access_key=os.environ["MINIO_ROOT_PASSWORD"],
        region_name=os.environ.get("AWS_REGION", "us-east-1"),
        config=Config(s3={"addressing_style": "path"}, max_pool_connections=32, retries={"total_max_attempts": 3}),
    )
    # Many servers want Content-MD5 on a batch delete; boto3 no longer sends it.
    s3.meta.events.register("before-sign.s3.DeleteObjects", _add_content_md5)
    return s3


def _add_content_md5(request, **_):
    request.headers["Content-MD5"] = base64.b64encode(hashlib.md5(request.body).digest()).decode()


def listing(s3, bucket: str) -> dict[str, dict]:
    """Every current object of `bucket`: its entry in the listing, by key."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return {entry["Key"]: entry for page in pages for entry in page.get("Contents", [])}


def remove_bucket(s3, bucket: str) -> None:
    """Removes `bucket` with everything in it; a missing one is fine."""
    try:
        for upload in s3.list_multipart_uploads(Bucket=bucket).get("Uploads", []):
            s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
        while keys := s3.list_objects_v2(Bucket=bucket).get("Contents"):
            _delete(s3, bucket, [{"Key": entry["Key"]} for entry in keys])
        versions = s3.list_object_versions(Bucket=bucket)
        while entries := versions.get("Versions", []) + versions.get("DeleteMarkers", []):
            _delete(s3, bucket, [{"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in entries])
            versions = s3.list_object_versions(Bucket=bucket)
        s3.delete_bucket(Bucket=bucket)
    except s3.exceptions.NoSuchBucket:
        pass


def _delete(s3, bucket: str, objects: list[dict]) -> None:
    for first in range(0, len(objects), 1000):
        reply = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects[first : first + 1000], "Quiet": True})
        if reply.get("Errors"):
            raise RuntimeError(f"{bucket}: {reply['Errors'][0]}")
