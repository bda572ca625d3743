"""Spans of the transactions of commands."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from ska_sdp_config import Config
from ska_sdp_lmc.devices.subarray import SDPSubarray
from ska_sdp_lmc.observability.traces import ATTEMPTS, COMMAND, REVISION, SPAN, TRANSACTION_ID
from tests.services.otlp import receiving
from tests.support.scripts import change
from tests.support.waiting import wait_until

from .bare_server import SUBARRAY
from .conftest import Serve, assign_text, rejection, stored

ENTRY = "/lmc/subarray/01"


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """Exporter that keeps the spans of the subarray."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("tests")
    monkeypatch.setattr(SDPSubarray, "get_telemetry_tracer", lambda device: tracer)
    yield exporter
    provider.shutdown()


def last_span(exporter: InMemorySpanExporter) -> tuple[ReadableSpan, dict[str, Any]]:
    """Return the newest span with its attributes."""
    span = exporter.get_finished_spans()[-1]
    assert span.name == SPAN
    return span, dict(span.attributes or {})


def test_span_has_the_transaction_id_and_the_revision(
    subarray: Any, config: Config, exporter: InMemorySpanExporter
) -> None:
    subarray.On()
    subarray.AssignResources(assign_text())
    span, attributes = last_span(exporter)
    _, entry = config.backend.get(ENTRY)
    assert attributes == {
        COMMAND: "AssignResources",
        TRANSACTION_ID: subarray.transactionID,
        ATTEMPTS: 1,
        REVISION: entry.revision,
    }
    assert span.status.status_code is StatusCode.UNSET
    assert len(exporter.get_finished_spans()) == 2


def test_writing_admin_mode_has_a_span(subarray: Any, exporter: InMemorySpanExporter) -> None:
    subarray.adminMode = 2
    assert last_span(exporter)[1][COMMAND] == "adminMode"


def test_span_of_a_rejected_command_has_the_reason_and_no_revision(
    subarray: Any, exporter: InMemorySpanExporter
) -> None:
    _, text = rejection(subarray.EndScan)
    span, attributes = last_span(exporter)
    assert REVISION not in attributes
    assert span.status.status_code is StatusCode.ERROR
    (event,) = span.events
    assert text in str((event.attributes or {})["exception.message"])


def test_span_counts_the_attempts(
    subarray: Any,
    config: Config,
    exporter: InMemorySpanExporter,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    conflicts = iter(range(2))
    decide = SDPSubarray.decide

    def conflict_and_decide(*arguments: Any) -> Any:
        for number in conflicts:
            change(config, ENTRY, conflict=number)
            break
        return decide(*arguments)

    monkeypatch.setattr(SDPSubarray, "decide", conflict_and_decide)
    subarray.On()
    assert last_span(exporter)[1][ATTEMPTS] == 3


def test_device_without_telemetry_runs_commands(
    subarray: Any, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    # PyTango can be built without it.
    monkeypatch.setattr(SDPSubarray, "get_telemetry_tracer", lambda device: None)
    subarray.On()
    assert stored(config, ENTRY)


def test_server_imports_opentelemetry_only_through_pytango() -> None:
    code = (
        "import sys, ska_sdp_lmc.devices.subarray;"
        "sys.exit([name for name in sys.modules if name.startswith('opentelemetry')] != [])"
    )
    environment = {"PYTANGO_DISABLE_TELEMETRY_PATCHING": "on"}
    assert (
        subprocess.run([sys.executable, "-c", code], env=environment, timeout=60).returncode == 0
    )


@pytest.mark.long
def test_server_sends_the_spans_of_a_command(serve: Serve, broken_etcd: Any) -> None:
    broken_etcd.start()
    with receiving() as receiver:
        server = serve(**receiver.settings)
        server.connected().On()
        wait_until(lambda: receiver.spans(SPAN))
        # The spans of Tango itself are sent later, or at the end.
        server.stop()
        (span,) = receiver.spans(SPAN)
        (method,) = receiver.spans("SDPSubarray.On")
        calls = {
            each.span_id: each for each in receiver.spans("Tango::Device_4Impl::command_inout_4")
        }
    assert span.source == method.source == SUBARRAY
    assert span.attributes[COMMAND] == "On"
    assert span.attributes[TRANSACTION_ID].startswith("txn-lmc-")
    assert span.parent_id == method.span_id
    assert method.parent_id in calls
    assert span.trace_id == method.trace_id == calls[method.parent_id].trace_id


@pytest.mark.long
def test_server_sends_no_spans_by_default(serve: Serve, broken_etcd: Any) -> None:
    broken_etcd.start()
    with receiving() as receiver:
        server = serve(**receiver.settings | {"TANGO_TELEMETRY_ENABLE": "off"})
        server.connected().On()
        server.stop()
        assert receiver.spans(SPAN) == receiver.spans("SDPSubarray.On") == []
