"""The tables of the template in a DynamoDB, and the plan and the key that the sample events come with."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import boto3
from samtranslator.yaml_helper import yaml_parse

from gateway import ROOT, environment

# The key in the sample events.
KEY_VALUE = "sample-api-key-of-joe-black"
PEPPER = "the-pepper-of-the-tests-of-functions"
PLAN_NAME = "Bronze"
CUSTOMER_ID = "customer-7"
QUOTA = 1_000_000

# What the sample events came to: an API, a WebSocket API, a function URL, and the target group of a load balancer, which is
# called as `cargo lambda watch` calls the function URL of the users function.
STAGES = ["a1b2c3d4e5:dev", "w1s2o3c4k5:dev", "abcdefghijklmnopqrstuvwxyz012345:$default", "users:$default"]

# The user that the sample events about one user name.
USER = {
    "id": "5fK2mVq8RtYw3ZpLx9Bd",
    "name": "Joe Black",
    "email": "joe.black@example.com",
    "createdAt": "2026-11-23T12:00:00.000Z",
    "updatedAt": "2026-11-23T12:00:00.000Z",
}

COMMAND_TIMEOUT_S = 60


class Store:
    """The tables of `template.yaml`, under their logical ids and a suffix."""

    def __init__(self, endpoint: str, suffix: str) -> None:
        self._endpoint = endpoint
        self._tables = {logical_id: logical_id + suffix for logical_id in ("TollgateTable", "UsersTable")}
        self._dynamodb = boto3.resource(
            "dynamodb",
            endpoint_url=endpoint,
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
        )
        template = yaml_parse((ROOT / "template.yaml").read_text())
        for logical_id, name in self._tables.items():
            self._create_table(name, template["Resources"][logical_id]["Properties"])
        self.plan_id: str = ""
        self.key_id: str = ""

    def _create_table(self, name: str, properties: dict[str, Any]) -> None:
        kept = ("BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
        self._dynamodb.create_table(TableName=name, **{member: properties[member] for member in kept if member in properties})

    def sell_a_plan(self, *more_stages: str) -> None:
        """Makes a plan that covers the stages of all sample events, and their key in it."""
        stages = [argument for stage in (*STAGES, *more_stages) for argument in ("--stage", stage)]
        limits = ["--rate", "1000", "--burst", "1000", "--quota", f"{QUOTA}/MONTH"]
        self.plan_id = self.tollgate("plans", "create", PLAN_NAME, *limits, *stages)["id"]
        key = ["--value", KEY_VALUE, "--customer-id", CUSTOMER_ID, "--plan", self.plan_id]
        self.key_id = self.tollgate("keys", "create", "joe-black", *key)["id"]

    def reset_users(self) -> None:
        """Makes the user of the sample events the only one."""
        table = self._dynamodb.Table(self._tables["UsersTable"])
        for user in table.scan()["Items"]:
            table.delete_item(Key={"id": user["id"]})
        table.put_item(Item=USER)

    def make_plan_and_key(self) -> tuple[str, str]:
        """The ids of a plan that covers no stage and of a key that is in no plan."""
        plan = self.tollgate("plans", "create", "Empty", "--rate", "1", "--burst", "1")
        key = self.tollgate("keys", "create", "jane-roe")
        return plan["id"], key["id"]

    def count(self, partition: str) -> int:
        """How many partition keys of Tollgate's table start so."""
        found = self._dynamodb.Table(self._tables["TollgateTable"]).scan()["Items"]
        return len({item["pk"] for item in found if item["pk"].startswith(partition)})

    def tollgate(self, *arguments: str) -> Any:
        """What `tollgate --json` answers."""
        binary = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target") / "debug/tollgate"
        connection = ["--table", self._tables["TollgateTable"], "--endpoint-url", self._endpoint, "--json"]
        done = subprocess.run(
            [binary, *arguments, *connection],
            env=environment() | {"TOLLGATE_PEPPER": PEPPER},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_TIMEOUT_S,
        )
        assert done.returncode == 0, f"tollgate {' '.join(arguments)}\n{done.stderr}"
        return json.loads(done.stdout)

    def variables(self) -> dict[str, str]:
        """What the template tells every function."""
        return {
            "AWS_ENDPOINT_URL_DYNAMODB": self._endpoint,
            "AWS_LAMBDA_LOG_FORMAT": "JSON",
            "AWS_LAMBDA_LOG_LEVEL": "DEBUG",
            "TOLLGATE_TABLE": self._tables["TollgateTable"],
            "TOLLGATE_PEPPER": PEPPER,
            # DynamoDB Local takes its time for the first requests of a table.
            "TOLLGATE_STORE_TIMEOUT_MS": "5000",
            "USERS_TABLE": self._tables["UsersTable"],
            "TOLLGATE_PUBLIC": "GET /health, GET /reports/users",
            "TOLLGATE_ENVIRONMENT": "dev",
        }
