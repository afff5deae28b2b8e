"""Every event in events/, sent to the release binary of its function."""

import json

import pytest

from conftest import StartFunction, sample
from gateway import ROOT
from matching import differences
from response_url import ResponseUrl
from rie import Event
from rows import ROWS, SAMPLE_KEY_ID, SAMPLE_PLAN_ID, Row
from store import Store


def test_every_event_has_a_row_and_every_row_an_event() -> None:
    events = sorted(path.name for path in (ROOT / "events").iterdir())
    assert sorted(row.event for row in ROWS) == events


def test_every_function_has_an_event() -> None:
    functions = {path.name for path in (ROOT / "functions").iterdir() if (path / "Cargo.toml").exists()}
    # The layer is no function: it stands before those of others.
    assert {row.function for row in ROWS} == functions - {"layer"}


def _event(row: Row, store: Store, response_url: ResponseUrl) -> Event:
    text = json.dumps(sample(row.event))
    if row.is_about_made:
        plan_id, key_id = store.make_plan_and_key()
        text = text.replace(SAMPLE_PLAN_ID, plan_id).replace(SAMPLE_KEY_ID, key_id)
    event: Event = json.loads(text)
    if "ResponseURL" in event:
        event["ResponseURL"] = response_url.url
    return event


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.event)
def test_the_function_answers_the_event(row: Row, store: Store, function: StartFunction, response_url: ResponseUrl) -> None:
    store.reset_users()
    event = _event(row, store, response_url)
    answer = function(row.function, **row.variables).invoke(event)
    assert differences(row.answer(store), answer) == []
    told = [] if row.told is None else [row.told(event)]
    assert differences(told, response_url.take_told()) == []
