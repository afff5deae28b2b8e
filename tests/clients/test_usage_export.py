"""What was used, exported for bills, and read by others."""

import csv
import datetime
import json
from pathlib import Path
from typing import Any

import boto3
import duckdb
import pytest

import api
from gateway import Gateway, run

COLUMNS = ["date", "key_id", "customer_id", "plan_id", "requests", "quota", "overage"]
KEYS = 300


def today() -> datetime.date:
    return datetime.datetime.now(datetime.UTC).date()


@pytest.fixture(scope="module")
def used(empty_gateway: Gateway) -> dict[str, Any]:
    """A plan of 100 requests a day, and what two keys have used of it the day before yesterday, and many that are gone."""
    client = api.boto3_client(empty_gateway)
    plan = client.create_usage_plan(name="bronze", quota={"limit": 100, "period": "DAY"})
    with_customer = api.make_key(client, "joe", plan["id"], customerId='Black, "Joe" ü')
    without = api.make_key(client, "ann", plan["id"])
    day = today() - datetime.timedelta(days=2)
    number = (day - datetime.date(1970, 1, 1)).days
    table = boto3.resource(
        "dynamodb",
        endpoint_url=empty_gateway.dynamodb_url,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    ).Table("tollgate")
    counts = {with_customer["id"]: 120, without["id"]: 30}
    counts |= {f"gone{index:03}": index + 1 for index in range(KEYS)}
    with table.batch_writer() as batch:
        for key_id, count in counts.items():
            batch.put_item({"pk": f"M#{key_id}#{plan['id']}", "sk": "METER", "day": number, "count": count})
    return {"plan": plan["id"], "day": day, "counts": counts, "customers": {with_customer["id"]: 'Black, "Joe" ü'}}


def expected(used: dict[str, Any]) -> list[tuple[Any, ...]]:
    return sorted(
        (used["day"], key_id, used["customers"].get(key_id), used["plan"], count, 100, max(0, count - 100))
        for key_id, count in used["counts"].items()
    )


def export(gateway: Gateway, used: dict[str, Any], form: str, folder: Path) -> list[dict[str, Any]]:
    days = ["--from", str(used["day"]), "--to", str(used["day"] + datetime.timedelta(days=1))]
    return json.loads(run(gateway, "usage", "export", *days, "--format", form, "--output", str(folder), "--json"))


def test_parquet_is_read_by_duckdb(empty_gateway: Gateway, used: dict[str, Any], tmp_path: Path) -> None:
    files = export(empty_gateway, used, "parquet", tmp_path)
    assert [Path(file["file"]).name for file in files] == [
        f"usage-{used['day'] + datetime.timedelta(days=days)}.parquet" for days in (0, 1)
    ]
    assert [file["rows"] for file in files] == [KEYS + 2, 0]
    with duckdb.connect() as connection:
        read = connection.execute("SELECT * FROM read_parquet($file)", {"file": files[0]["file"]})
        assert [column[0] for column in read.description] == COLUMNS
        assert sorted(read.fetchall()) == expected(used)
        described = connection.execute("DESCRIBE SELECT * FROM read_parquet($file)", {"file": files[0]["file"]})
        assert [row[1] for row in described.fetchall()] == ["DATE", "VARCHAR", "VARCHAR", "VARCHAR", "BIGINT", "BIGINT", "BIGINT"]
        empty = connection.execute("SELECT count(*), sum(requests) FROM read_parquet($file)", {"file": files[1]["file"]})
        assert empty.fetchall() == [(0, None)]


def test_csv_has_the_same_rows(empty_gateway: Gateway, used: dict[str, Any], tmp_path: Path) -> None:
    [file, _] = export(empty_gateway, used, "csv", tmp_path)
    with open(file["file"], newline="", encoding="utf-8") as lines:
        [header, *rows] = csv.reader(lines)
    assert header == COLUMNS
    text = [tuple("" if value is None else str(value) for value in row) for row in expected(used)]
    assert sorted(map(tuple, rows)) == sorted(text)


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_day_that_is_written_again_has_the_same_bytes(
    empty_gateway: Gateway, used: dict[str, Any], tmp_path: Path, form: str
) -> None:
    export(empty_gateway, used, form, tmp_path)
    first = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    export(empty_gateway, used, form, tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == first
    assert len(first) == 2


def test_a_day_that_has_not_ended_is_refused(empty_gateway: Gateway, used: dict[str, Any], tmp_path: Path) -> None:
    days = ["--from", str(used["day"]), "--to", str(today() + datetime.timedelta(days=1))]
    said = run(empty_gateway, "usage", "export", *days, "--output", str(tmp_path / "none"), code=2)
    assert "has not ended" in said
    assert not (tmp_path / "none").exists()
