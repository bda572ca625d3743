"""Resources, requests for them, allocations of them, and the system."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from ska_sdp_config.entity import Allocation, Request, Resource, System
from ska_sdp_config.entity.codec import encode
from ska_sdp_config.entity.resource import AVAILABLE_NAMES, read_available

BUFFER = Resource.Key(kind="storage", name="capacity-buffer")
REQUEST = Request.Key(pb_id="pb-a", name="buffer")


def test_resource_has_documented_stored_form() -> None:
    assert Resource(key=BUFFER).to_dict() == {"quantity": None, "unit": None, "parameters": {}}
    stored = {"quantity": 5, "unit": "MB", "parameters": {"a": 1}}
    assert Resource(key=BUFFER, **stored).to_dict() == stored


def test_resource_key_of_one_part_has_no_kind() -> None:
    key = Resource.Key.from_text("capacity-buffer")
    assert (key.kind, key.name, str(key)) == (None, "capacity-buffer", "capacity-buffer")
    assert str(Resource.Key.from_text("storage:capacity-buffer")) == "storage:capacity-buffer"
    assert Resource(key="capacity-buffer").key == key
    for bad in ("a:b:c", "", "a b", ":a"):
        with pytest.raises(ValueError, match=r"no key|no part of a key"):
            Resource.Key.from_text(bad)


@pytest.mark.parametrize(
    "resource", [BUFFER, str(BUFFER), f"/resource/{BUFFER}", BUFFER.to_dict()]
)
def test_request_stores_link_as_path(resource: Any) -> None:
    request = Request(key=REQUEST, resource=resource, quantity=10)
    assert request.resource == BUFFER
    assert request.to_dict() == {"resource": "/resource/storage:capacity-buffer", "quantity": 10}
    assert Request.from_stored(encode(request), REQUEST, "/request/x") == request


def test_allocation_stores_links_as_paths() -> None:
    key = Allocation.Key(pb_id="pb-a", name="buffer")
    granted = Allocation(key=key, resource=BUFFER, request=REQUEST, quantity=0.5)
    assert granted.to_dict() == {
        "resource": "/resource/storage:capacity-buffer",
        "request": "/request/pb-a:buffer",
        "quantity": 0.5,
    }
    assert Allocation.from_stored(encode(granted), key, "/allocation/x") == granted
    assert Allocation(key=key, resource="supernet", quantity=1).request is None


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        (Request, {"quantity": 1}),
        (Request, {"resource": "a"}),
        (Request, {"resource": "a:b:c", "quantity": 1}),
        (Request, {"resource": "a", "quantity": "much"}),
        (Request, {"resource": "a", "quantity": True}),
        (Allocation, {"quantity": 1}),
        (Allocation, {"resource": "a", "quantity": 1, "request": "b"}),
        (Resource, {"quantity": "much"}),
        (Resource, {"parameters": []}),
    ],
)
def test_new_entity_with_invalid_field_is_rejected(model: Any, fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        model(key="pb-a:x", **fields)


@pytest.mark.parametrize(
    ("model", "key"),
    [(Resource, BUFFER), (Request, REQUEST), (Allocation, Allocation.Key(pb_id="a", name="b"))],
)
@pytest.mark.parametrize("value", [None, 5, 1.5, "5", "/resource/a:b:c", "/flow/a:b:c", [], {}])
def test_stored_fields_of_any_type_are_kept(model: Any, key: Any, value: Any) -> None:
    names = ("quantity", "unit", "parameters", "resource", "request")
    for stored in (dict.fromkeys(names, value), {names[0]: value}, {names[3]: value}):
        entity = model.from_stored(encode(stored), key, "/x")
        assert encode(entity) == encode(stored)
        assert entity.key == key


def test_system_is_any_json_object() -> None:
    stored = {"version": "1.2", "model": {"nested": [1]}, "to_dict": 1}
    system = System(**stored)
    assert system.to_dict() == dict(system) == stored
    assert system["model"] == {"nested": [1]}


@pytest.mark.parametrize("name", AVAILABLE_NAMES)
def test_available_amount_of_resource_is_read_by_any_name(name: str) -> None:
    assert read_available([{name: 5.5}]) == 5.5
    assert read_available([None, {name: 5}]) == 5.0
    assert read_available([{name: 1}, {"available_mb": 2}]) == 1.0
    assert read_available([{"total": 5, "capacity_mb": 5}]) is None


@pytest.mark.parametrize(
    "state", [None, [], "text", {}, {"free": "5"}, {"free": True}, {"free": None}]
)
def test_unreadable_amount_of_state_is_read_from_entity(state: Any) -> None:
    assert read_available([state, {"total": 9, "free": 3}]) == 3.0
    assert read_available([state, None]) is None
