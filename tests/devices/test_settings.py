"""Settings: their sources, and the errors of invalid ones."""

from __future__ import annotations

import pytest

from ska_sdp_lmc.devices.controller import SDPController
from ska_sdp_lmc.devices.subarray import SDPSubarray
from ska_sdp_lmc.runtime.settings import PROPERTIES, Settings, SettingsError, property_name
from tests.devices.device_settings import load_settings as load


def test_defaults_are_those_of_the_reference() -> None:
    settings = load({}, {})
    assert settings.timeout_assign_resources == settings.timeout_configure == 60
    assert settings.timeout_database == 2
    assert settings.required_components == settings.components == ("proccontrol", "helmdeploy")
    assert settings.strictness == 1
    assert settings.version_info == "{}"
    assert settings.prefix == ""
    assert settings.storage_key == ""
    assert settings.receive_scripts.search("vis-receive")


def test_properties_override_environment() -> None:
    environ = {"SDP_LMC_TIMEOUT_CONFIGURE": "7", "SDP_LMC_STRICTNESS": "2"}
    settings = load({"TimeoutConfigure": "9", "ReceiveScripts": None}, environ)
    assert settings.timeout_configure == 9
    assert settings.strictness == 2


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("a,b", ("a", "b")),
        (" a , b ,", ("a", "b")),
        (["a", "b,c"], ("a", "b", "c")),
        ("none", ()),
        (["none"], ()),
    ],
)
def test_lists_of_components(given: str | list[str], expected: tuple[str, ...]) -> None:
    assert load({"RequiredComponents": given}, {}).required_components == expected
    if isinstance(given, str):
        assert load({}, {"SDP_LMC_COMPONENTS": given}).components == expected


@pytest.mark.parametrize("name", sorted(PROPERTIES))
@pytest.mark.parametrize("value", [None, "None", " None ", "", " ", ["None"], [""], [], ["", ""]])
def test_property_that_is_none_or_empty_means_the_default(
    name: str, value: str | list[str] | None
) -> None:
    assert load({name: value}, {}) == load({}, {})


@pytest.mark.parametrize("value", ["None", ""])
def test_property_that_is_none_leaves_the_environment(value: str) -> None:
    environ = {"SDP_LMC_TIMEOUT_CONFIGURE": "7", "SDP_LMC_REQUIRED_COMPONENTS": "a"}
    given = {"TimeoutConfigure": value, "RequiredComponents": value}
    assert load(given, environ) == load({}, environ)


def test_empty_list_of_the_environment_is_a_value() -> None:
    assert load({}, {"SDP_LMC_COMPONENTS": ""}).components == ()
    assert load({}, {"SDP_LMC_REQUIRED_COMPONENTS": ""}).required_components == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TimeoutAssignResources", "-1"),
        ("TimeoutConfigure", "soon"),
        ("TimeoutConfigure", "nan"),
        ("TimeoutConfigure", "inf"),
        ("TimeoutDatabase", "0"),
        ("RequiredComponents", "a/b"),
        ("ReceiveScripts", "("),
        ("ReceiveScripts", "x{4294967296}"),
        ("Strictness", "3"),
        ("StorageKey", "buffer"),
        ("StorageKey", "/buffer/"),
        ("Prefix", "test"),
        ("Prefix", "/test/"),
        ("LogLevel", "LOUD"),
        ("VersionInfo", "1.0"),
        ("VersionInfo", "[]"),
    ],
)
def test_invalid_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"for device property {name}: expected ."):
        load({name: value}, {})
    variable = f"SDP_LMC_{PROPERTIES[name].upper()}"
    with pytest.raises(SettingsError, match=f"for environment variable {variable}: expected ."):
        load({}, {variable: value})


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SDP_LMC_LOG_FORMAT", "xml"),
        ("SDP_LMC_HEALTH_PORT", "http"),
        ("SDP_LMC_HEALTH_PORT", "65536"),
        ("SDP_LMC_HEALTH_PORT", "-1"),
        ("SDP_LMC_HEALTH_ADDRESS", "localhost"),
        ("SDP_LMC_HEALTH_ADDRESS", "127.0.0.1:80"),
    ],
)
def test_invalid_process_setting_is_named(variable: str, value: str) -> None:
    expected = f"Invalid value '{value}' for environment variable {variable}: expected ."
    with pytest.raises(SettingsError, match=expected):
        load({}, {variable: value})


def test_settings_of_the_process_come_from_the_environment_alone() -> None:
    assert load({}, {}).health_port == 0
    assert load({}, {"SDP_LMC_HEALTH_PORT": ""}).health_port == 0
    settings = load({"HealthPort": "1"}, {"SDP_LMC_HEALTH_PORT": "8080"})
    assert settings.health_port == 8080
    assert load({}, {"SDP_LMC_HEALTH_ADDRESS": "::1"}).health_address == "::1"
    assert not {"HealthPort", "HealthAddress"} & set(PROPERTIES)


def test_error_names_value_and_example() -> None:
    with pytest.raises(SettingsError) as rejected:
        load({"TimeoutConfigure": "soon", "RequiredComponents": ["a", "b/c"]}, {})
    assert str(rejected.value) == (
        "Invalid value 'soon' for device property TimeoutConfigure: expected seconds, e.g. 60. "
        "Invalid value 'b/c' for device property RequiredComponents: expected names of letters, "
        "digits, '_', '.' and '-', e.g. proccontrol,helmdeploy; or none."
    )


def test_all_invalid_settings_are_named() -> None:
    with pytest.raises(SettingsError) as rejected:
        load({"TimeoutConfigure": "x"}, {"SDP_LMC_STRICTNESS": "9"})
    assert "TimeoutConfigure" in str(rejected.value)
    assert "SDP_LMC_STRICTNESS" in str(rejected.value)


@pytest.mark.parametrize("other", ["sdp_lmc_prefix", "SDP_LMC_Prefix"])
def test_variable_in_another_case_is_ignored(other: str) -> None:
    assert load({}, {other: "/other"}).prefix == ""
    assert load({}, {"SDP_LMC_PREFIX": "/test", other: "/other"}).prefix == "/test"


def test_property_hides_invalid_variable() -> None:
    assert load({"Strictness": "0"}, {"SDP_LMC_STRICTNESS": "9"}).strictness == 0


@pytest.mark.parametrize(
    "field", sorted(set(Settings.model_fields) - {"components", "required_components"})
)
def test_empty_variable_is_not_set(field: str) -> None:
    settings = load({}, {f"SDP_LMC_{field.upper()}": ""})
    assert getattr(settings, field) == getattr(load({}, {}), field)


def test_property_names_are_camel_case() -> None:
    assert property_name("timeout_assign_resources") == "TimeoutAssignResources"
    assert load({}, {"SDP_LMC_LOG_LEVEL": "debug"}).log_level == "DEBUG"


def test_properties_match_device_properties() -> None:
    declared = {
        name
        for device in (SDPController, SDPSubarray)
        for name in device.TangoClassClass.device_property_list
    }
    assert declared == set(PROPERTIES)
