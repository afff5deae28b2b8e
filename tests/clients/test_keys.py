"""API keys: defaults, lists, updates and imports, as AWS behaves (apigateway.md §1.2)."""

import string
from typing import Any

import pytest
from botocore.exceptions import ClientError

import api
from api import ids, make_api, make_key, replace
from gateway import Gateway

GENERATED = set(string.ascii_letters + string.digits + "_")


def arn(key_id: str) -> str:
    return f"arn:aws:apigateway:{api.REGION}::/apikeys/{key_id}"


def import_keys(client: Any, text: str, **parameters: Any) -> dict[str, Any]:
    return client.import_api_keys(format="csv", body=text.encode(), **parameters)


def value_of(name: str, number: int = 1) -> str:
    """A value that no other test uses."""
    return f"{name}-imported-key-{number}".translate({ord("_"): "", ord("-"): ""}).ljust(24, "x")


def test_a_new_key_is_disabled_has_a_generated_value_and_no_tags(client: Any, name: str) -> None:
    key = client.create_api_key(name=name)
    assert key["enabled"] is False
    assert key["stageKeys"] == []
    assert "tags" not in key
    assert key["id"] != key["value"]
    assert len(key["value"]) >= 20
    assert set(key["value"]) <= GENERATED
    assert len(key["id"]) == 10
    assert set(key["id"]) <= set(string.ascii_lowercase + string.digits)


@pytest.mark.parametrize("parameters", [{}, {"name": ""}])
def test_a_key_needs_no_name(client: Any, parameters: dict[str, str]) -> None:
    assert "name" not in client.create_api_key(**parameters)


def test_two_keys_may_have_the_same_name(client: Any, name: str) -> None:
    first, second = client.create_api_key(name=name), client.create_api_key(name=name)
    assert first["id"] != second["id"]
    assert first["value"] != second["value"]


def test_an_empty_value_is_generated(client: Any, name: str) -> None:
    assert len(client.create_api_key(name=name, value="")["value"]) >= 20


@pytest.mark.parametrize("length", [20, 128])
def test_a_value_may_have_20_to_128_characters(client: Any, name: str, length: int) -> None:
    value = value_of(name, length).ljust(length, "y")[:length]
    assert client.create_api_key(name=name, value=value)["value"] == value


def test_the_longest_name_has_1024_characters(client: Any) -> None:
    assert client.create_api_key(name="n" * 1024)["name"] == "n" * 1024


def test_all_that_is_given_is_kept(client: Any, name: str) -> None:
    given = {"name": name, "description": "one", "customerId": "c-1", "enabled": True, "tags": {"team": "blue"}}
    made = client.create_api_key(**given)
    read = client.get_api_key(apiKey=made["id"])
    for answer in (made, read):
        assert {member: answer[member] for member in given} == given


def test_a_value_is_shown_only_when_asked_for(client: Any, name: str) -> None:
    made = client.create_api_key(name=name)
    assert "value" not in client.get_api_key(apiKey=made["id"])
    assert "value" not in client.get_api_key(apiKey=made["id"], includeValue=False)
    assert client.get_api_key(apiKey=made["id"], includeValue=True)["value"] == made["value"]

    def listed(**parameters: Any) -> dict[str, Any]:
        return client.get_api_keys(nameQuery=name, **parameters)["items"][0]

    assert "value" not in listed()
    assert "value" not in listed(includeValues=False)
    assert listed(includeValues=True)["value"] == made["value"]


def test_a_list_has_no_tags(client: Any, name: str) -> None:
    client.create_api_key(name=name, tags={"team": "blue"})
    assert "tags" not in client.get_api_keys(nameQuery=name)["items"][0]


def test_lists_are_newest_first(client: Any, name: str) -> None:
    made = [client.create_api_key(name=name)["id"] for _ in range(4)]
    assert ids([client.get_api_keys(nameQuery=name)]) == made[::-1]


def test_the_name_of_a_list_is_a_prefix_in_the_same_case(client: Any, name: str) -> None:
    made = client.create_api_key(name=f"{name}-Some-Key")["id"]
    assert ids([client.get_api_keys(nameQuery=f"{name}-Some")]) == [made]
    assert ids([client.get_api_keys(nameQuery=f"{name}-Some-Key")]) == [made]
    for other in (f"{name}-some", "Some-Key", f"{name}-Some-Key-2"):
        assert ids([client.get_api_keys(nameQuery=other)]) == [], other


def test_the_customer_of_a_list_is_the_whole_id(client: Any, name: str) -> None:
    made = client.create_api_key(name=name, customerId=f"{name}-customer")["id"]
    assert ids([client.get_api_keys(customerId=f"{name}-customer")]) == [made]
    assert ids([client.get_api_keys(customerId=name)]) == []


def test_pages_follow_each_other_without_gap_or_repetition(client: Any, name: str) -> None:
    made = [client.create_api_key(name=name)["id"] for _ in range(5)]
    pages = list(api.pages(client.get_api_keys, nameQuery=name, limit=2))
    assert [len(page["items"]) for page in pages] == [2, 2, 1]
    assert ids(pages) == made[::-1]


def test_the_last_page_has_no_position_even_when_it_is_full(client: Any, name: str) -> None:
    for _ in range(2):
        client.create_api_key(name=name)
    assert "position" not in client.get_api_keys(nameQuery=name, limit=2)


def test_a_page_has_25_keys_when_no_limit_is_given(client: Any, name: str) -> None:
    for _ in range(26):
        client.create_api_key(name=name)
    pages = list(api.pages(client.get_api_keys, nameQuery=name))
    assert [len(page["items"]) for page in pages] == [25, 1]


def test_a_limit_below_0_is_an_empty_page(client: Any, name: str) -> None:
    client.create_api_key(name=name)
    page = client.get_api_keys(limit=-1)
    assert page["items"] == []
    assert "position" not in page


def test_a_key_that_is_deleted_between_two_pages_does_not_disturb_them(client: Any, name: str) -> None:
    made = [client.create_api_key(name=name)["id"] for _ in range(4)]
    first = client.get_api_keys(nameQuery=name, limit=2)
    client.delete_api_key(apiKey=made[2])
    second = client.get_api_keys(nameQuery=name, limit=2, position=first["position"])
    assert ids([first, second]) == made[::-1]


def test_an_update_replaces_what_it_names(client: Any, name: str) -> None:
    made = make_key(client, name, description="one", customerId="c-1")
    updated = client.update_api_key(
        apiKey=made["id"],
        patchOperations=[
            replace("/name", f"{name}-2"),
            replace("/description", "two"),
            replace("/customerId", "c-2"),
            replace("/enabled", "false"),
        ],
    )
    expected = {"name": f"{name}-2", "description": "two", "customerId": "c-2", "enabled": False}
    assert {member: updated[member] for member in expected} == expected
    assert updated["tags"] == {}
    assert "value" not in updated
    read = client.get_api_key(apiKey=made["id"])
    assert {member: read[member] for member in expected} == expected
    assert ids([client.get_api_keys(nameQuery=f"{name}-2")]) == [made["id"]]


@pytest.mark.parametrize(("text", "enabled"), [("true", True), ("TRUE", True), ("false", False), ("not-a-boolean", False)])
def test_what_is_not_true_disables(client: Any, name: str, text: str, enabled: bool) -> None:
    made = make_key(client, name)
    updated = client.update_api_key(apiKey=made["id"], patchOperations=[replace("/enabled", text)])
    assert updated["enabled"] is enabled


def test_stage_keys_of_old_clients_are_taken(client: Any, gateway: Gateway, name: str) -> None:
    made = make_api(gateway, client, name)
    key = client.create_api_key(name=name, enabled=True, stageKeys=[{"restApiId": made.id, "stageName": made.stage}])
    assert key["stageKeys"] == [f"{made.id}/{made.stage}"]


def test_stage_keys_admit_nobody(client: Any, gateway: Gateway, name: str) -> None:
    made = make_api(gateway, client, name, api_key_required=True)
    key = client.create_api_key(name=name, enabled=True, stageKeys=[{"restApiId": made.id, "stageName": made.stage}])
    assert made.call(key["value"]).is_forbidden


def test_a_deleted_key_leaves_its_plans_and_admits_nobody(client: Any, gateway: Gateway, name: str) -> None:
    made = make_api(gateway, client, name, api_key_required=True)
    plan = client.create_usage_plan(name=name, apiStages=[made.api_stage])["id"]
    key = make_key(client, name, plan)
    assert made.call(key["value"]).status == 200
    client.delete_api_key(apiKey=key["id"])
    assert made.call(key["value"]).is_forbidden
    assert client.get_usage_plan_keys(usagePlanId=plan)["items"] == []
    assert client.get_usage_plans(keyId=key["id"])["items"] == []
    # Its value is free again.
    assert client.create_api_key(name=name, value=key["value"])["id"] != key["id"]


def test_tags_are_added_replaced_and_removed(client: Any, name: str) -> None:
    key = make_key(client, name, tags={"team": "blue", "tier": "one"})["id"]
    client.tag_resource(resourceArn=arn(key), tags={"team": "red", "cost": "low"})
    assert client.get_tags(resourceArn=arn(key))["tags"] == {"team": "red", "tier": "one", "cost": "low"}
    client.untag_resource(resourceArn=arn(key), tagKeys=["team", "cost"])
    assert client.get_tags(resourceArn=arn(key))["tags"] == {"tier": "one"}
    assert client.get_api_key(apiKey=key)["tags"] == {"tier": "one"}
    assert client.update_api_key(apiKey=key, patchOperations=[replace("/enabled", "true")])["tags"] == {"tier": "one"}


def test_a_key_has_at_most_50_tags_whenever_they_were_set(client: Any, name: str) -> None:
    key = make_key(client, name, tags={f"old-{number}": "x" for number in range(30)})["id"]
    client.tag_resource(resourceArn=arn(key), tags={f"new-{number}": "x" for number in range(20)})
    with pytest.raises(ClientError, match="at most 50 tags"):
        client.tag_resource(resourceArn=arn(key), tags={"one-more": "x"})
    client.tag_resource(resourceArn=arn(key), tags={"old-0": "y"})
    assert len(client.get_tags(resourceArn=arn(key))["tags"]) == 50


@pytest.mark.parametrize("length", [1025, 2047, 4000])
def test_an_id_that_is_longer_than_any_is_not_found(client: Any, length: int) -> None:
    long = "k" * length
    requests = [
        lambda: client.get_api_key(apiKey=long),
        lambda: client.update_api_key(apiKey=long, patchOperations=[replace("/enabled", "true")]),
        lambda: client.get_usage_plan(usagePlanId=long),
        lambda: client.get_usage_plan_key(usagePlanId="abc123", keyId=long),
        lambda: client.get_rest_api(restApiId=long),
        lambda: client.tag_resource(resourceArn=arn(long), tags={"team": "red"}),
    ]
    for request in requests:
        with pytest.raises(ClientError) as refused:
            request()
        assert refused.value.response["Error"]["Code"] == "NotFoundException"


def test_an_import_takes_columns_in_any_order_and_case(client: Any, name: str) -> None:
    text = f"ENABLED,description,colour,Key,nAmE\nfalse,one,blue,{value_of(name)},{name}\n"
    imported = import_keys(client, text)
    assert imported.get("warnings", []) == []
    [key_id] = imported["ids"]
    key = client.get_api_key(apiKey=key_id, includeValue=True)
    members = {member: key[member] for member in ("name", "value", "description", "enabled")}
    assert members == {"name": name, "value": value_of(name), "description": "one", "enabled": False}


def test_an_imported_key_is_enabled_unless_the_file_says_otherwise(client: Any, name: str) -> None:
    [without] = import_keys(client, f"name,key\n{name},{value_of(name, 1)}\n")["ids"]
    assert client.get_api_key(apiKey=without)["enabled"] is True
    [empty] = import_keys(client, f"name,key,enabled\n{name},{value_of(name, 2)},\n")["ids"]
    assert client.get_api_key(apiKey=empty)["enabled"] is True


@pytest.mark.parametrize("quote", ['"', "'"])
def test_an_imported_key_joins_the_plans_of_its_row(client: Any, name: str, quote: str) -> None:
    plans = [client.create_usage_plan(name=f"{name}-{number}")["id"] for number in range(2)]
    listed = f"{quote}{','.join(plans)}{quote}"
    text = f"name,key,usagePlanIds\n{name},{value_of(name)},{listed}\n"
    [key] = import_keys(client, text)["ids"]
    for plan in plans:
        assert ids([client.get_usage_plan_keys(usagePlanId=plan)]) == [key]


def test_the_ids_of_an_import_are_in_the_order_of_its_rows(client: Any, name: str) -> None:
    rows = "".join(f"{name}-{number},{value_of(name, number)}\n" for number in range(4))
    imported = import_keys(client, f"name,key\n{rows}")["ids"]
    names = [client.get_api_key(apiKey=key)["name"] for key in imported]
    assert names == [f"{name}-{number}" for number in range(4)]


def test_a_row_that_is_no_key_is_skipped_with_a_warning(client: Any, name: str) -> None:
    text = f"name,key\n{name}-good,{value_of(name)}\n{name}-bad,short\n"
    imported = import_keys(client, text)
    assert len(imported["ids"]) == 1
    [warning] = imported["warnings"]
    assert "at least" in warning
    assert ids([client.get_api_keys(nameQuery=f"{name}-bad")]) == []


def test_a_warning_fails_the_import_when_it_is_asked_to(client: Any, name: str) -> None:
    text = f"name,key\n{name}-bad,short\n"
    with pytest.raises(client.exceptions.BadRequestException):
        import_keys(client, text, failOnWarnings=True)
    assert ids([client.get_api_keys(nameQuery=f"{name}-bad")]) == []


def test_an_import_without_a_required_column_is_refused(client: Any, name: str) -> None:
    for text in (f"key\n{value_of(name)}\n", f"name\n{name}\n", ""):
        with pytest.raises(client.exceptions.BadRequestException):
            import_keys(client, text)


def test_a_key_that_is_imported_again_is_overwritten(client: Any, name: str) -> None:
    [first] = import_keys(client, f"name,key,description\n{name},{value_of(name)},one\n")["ids"]
    [second] = import_keys(client, f"name,key,description,enabled\n{name}-2,{value_of(name)},two,false\n")["ids"]
    assert second == first
    key = client.get_api_key(apiKey=first)
    assert (key["name"], key["description"], key["enabled"]) == (f"{name}-2", "two", False)
    assert ids([client.get_api_keys(nameQuery=name)]) == [first]


def test_the_value_of_a_created_key_is_overwritten_by_an_import(client: Any, name: str) -> None:
    made = client.create_api_key(name=name, value=value_of(name))
    [imported] = import_keys(client, f"name,key\n{name}-2,{value_of(name)}\n")["ids"]
    assert imported == made["id"]
    assert client.get_api_key(apiKey=imported)["name"] == f"{name}-2"


def test_an_import_knows_no_other_format(client: Any, name: str) -> None:
    with pytest.raises(ClientError) as refusal:
        client.import_api_keys(format="xml", body=f"name,key\n{name},{value_of(name)}\n".encode())
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
