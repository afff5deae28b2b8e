"""What the server sends, before boto3 makes something of it, held against the service model that boto3 is made from."""

import datetime
import json
from dataclasses import dataclass
from typing import Any

from botocore.model import OperationModel, Shape, StructureShape
from botocore.utils import parse_timestamp


@dataclass(frozen=True)
class RawAnswer:
    """An HTTP answer as it came, and the operation that it answers."""

    operation: OperationModel
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body) if self.body else {}


class Recorder:
    """Keeps the raw answers of a boto3 client, newest last."""

    def __init__(self, client: Any) -> None:
        self.answers: list[RawAnswer] = []
        client.meta.events.register("before-parse.apigateway.*", self._keep)

    def _keep(self, operation_model: OperationModel, response_dict: dict[str, Any], **_: Any) -> None:
        headers = {name.lower(): value for name, value in response_dict["headers"].items()}
        body = response_dict["body"]
        # A streamed body is not read yet; no answer that is one can be held against a shape.
        raw = body if isinstance(body, bytes) else b""
        self.answers.append(RawAnswer(operation_model, response_dict["status_code"], headers, raw))

    @property
    def last(self) -> RawAnswer:
        return self.answers[-1]

    @property
    def last_refusal(self) -> RawAnswer:
        """The newest answer that is an error. A call may have tidied up after it."""
        return next(answer for answer in reversed(self.answers) if answer.status >= 400)


def wire_name(name: str, shape: Shape) -> str:
    """A member's name in JSON, which need not be the SDK's."""
    return shape.serialization.get("name", name)


def differences(shape: Shape, value: Any, path: str = "$") -> list[str]:
    """What in a JSON value the shape does not allow, one sentence each."""
    match shape.type_name:
        case "structure":
            return _structure_differences(shape, value, path)
        case "list":
            if not isinstance(value, list):
                return [f"{path} is no list: {value!r}"]
            return [found for index, item in enumerate(value) for found in differences(shape.member, item, f"{path}[{index}]")]
        case "map":
            if not isinstance(value, dict):
                return [f"{path} is no map: {value!r}"]
            return [found for key, item in value.items() for found in differences(shape.value, item, f"{path}.{key}")]
        case "string":
            if not isinstance(value, str):
                return [f"{path} is no string: {value!r}"]
            allowed = shape.enum
            return [f"{path} is none of {allowed}: {value!r}"] if allowed and value not in allowed else []
        case "boolean":
            return [] if isinstance(value, bool) else [f"{path} is no boolean: {value!r}"]
        case "integer" | "long":
            return [] if type(value) is int else [f"{path} is no whole number: {value!r}"]
        case "float" | "double" | "timestamp":
            return [] if type(value) in (int, float) else [f"{path} is no number: {value!r}"]
        case other:
            return [f"{path} is of type {other}, which this check does not know"]


def _structure_differences(shape: StructureShape, value: Any, path: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{path} is no object: {value!r}"]
    members = {wire_name(name, member): member for name, member in shape.members.items()}
    found = []
    for name, item in value.items():
        if name not in members:
            found.append(f"{path}.{name} is not in the shape {shape.name}")
        else:
            found.extend(differences(members[name], item, f"{path}.{name}"))
    return found


def as_parsed(shape: Shape, value: Any) -> Any:
    """What an SDK has to make of a JSON value: the SDK's names, and dates for numbers."""
    match shape.type_name:
        case "structure":
            members = {wire_name(name, member): (name, member) for name, member in shape.members.items()}
            return {members[name][0]: as_parsed(members[name][1], item) for name, item in value.items()}
        case "list":
            return [as_parsed(shape.member, item) for item in value]
        case "map":
            return {key: as_parsed(shape.value, item) for key, item in value.items()}
        case "timestamp":
            return parse_timestamp(value)
        case _:
            return value


def seconds_ago(date: datetime.datetime) -> float:
    """The age of a date."""
    return (datetime.datetime.now(datetime.UTC) - date).total_seconds()
