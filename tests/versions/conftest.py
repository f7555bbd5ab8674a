"""The toy build stands beside these tests; tests are imported by path, so the folder is put on it here."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from hub_server import serve
from hub_state import TOKEN, Hub
from s3_server import BUCKET, serve_s3


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    made = Hub()
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setenv("REIDFORGE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_PROGRESS_BARS", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    with serve(made) as place:
        monkeypatch.setenv("HF_ENDPOINT", place)
        yield made


@pytest.fixture(scope="module")
def s3_place() -> Iterator[str]:
    with serve_s3() as place:
        yield place


@pytest.fixture
def s3(s3_place: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """A client of an S3-compatible server with an empty bucket, which is emptied again."""
    import boto3
    from s3fs import S3FileSystem

    S3FileSystem.clear_instance_cache()  # it remembers the address of a server that another module had
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_place)
    monkeypatch.setenv("REIDFORGE_CACHE", str(tmp_path / "cache"))
    made = boto3.client("s3")
    made.create_bucket(Bucket=BUCKET)
    yield made
    for page in made.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
        for found in page.get("Contents", []):
            made.delete_object(Bucket=BUCKET, Key=found["Key"])
    made.delete_bucket(Bucket=BUCKET)
    made.close()
