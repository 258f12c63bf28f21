"""param, service and lifecycle: the verbs that talk to a running node."""

from __future__ import annotations

from conftest import Ros2, Talker


def test_parameters_are_read_and_written(ros2: Ros2, talker: Talker) -> None:
    assert ros2("param", "get", "/talker", "limits").stdout.strip() == "Double values are: array('d', [1.0, 2.5])"
    result = ros2("param", "set", "/talker", "gain", "5")
    assert (result.returncode, result.stdout.strip()) == (0, "Set parameter successful")
    assert talker.get_parameter("gain").value == 5
    assert ros2("param", "get", "/talker", "gain", "--hide-type").stdout.strip() == "5"


def test_a_refused_parameter_keeps_its_value(ros2: Ros2, talker: Talker) -> None:
    before = talker.get_parameter("gain").value
    assert "Setting parameter failed" in ros2("param", "set", "/talker", "gain", "word").stderr
    assert talker.get_parameter("gain").value == before


def test_an_unknown_parameter_is_an_error(ros2: Ros2, talker: Talker) -> None:
    result = ros2("param", "get", "/talker", "no_such_parameter")
    assert (result.returncode, result.stderr.strip()) == (1, "Parameter not set")


def test_a_service_answers(ros2: Ros2, talker: Talker) -> None:
    result = ros2("service", "call", "/switch", "std_srvs/srv/SetBool", "{data: true}")
    assert result.returncode == 0
    assert "requester: making request: std_srvs.srv.SetBool_Request(data=True)" in result.stdout
    assert "response:\nstd_srvs.srv.SetBool_Response(success=True, message='switched')" in result.stdout


def test_a_wrong_request_is_an_error(ros2: Ros2, talker: Talker) -> None:
    assert ros2("service", "call", "/switch", "std_srvs/srv/NoSuchType").returncode == 1
    result = ros2("service", "call", "/switch", "std_srvs/srv/SetBool", "{date: true}")
    assert result.returncode == 1
    assert "Failed to populate field: 'SetBool_Request' object has no attribute 'date'" in result.stderr


def test_a_lifecycle_node_shows_and_changes_its_state(ros2: Ros2, talker: Talker) -> None:
    assert ros2("lifecycle", "get", "/talker").stdout.strip() == "unconfigured [1]"
    unknown = ros2("lifecycle", "set", "/talker", "no_such_transition")
    assert unknown.returncode == 1
    assert "Unknown transition requested, available ones are:\n- configure [1]" in unknown.stderr
    assert ros2("lifecycle", "set", "/talker", "configure").stdout.strip() == "Transitioning successful"
    assert "Transitioning failed" in ros2("lifecycle", "set", "/talker", "activate").stderr
    assert ros2("lifecycle", "get", "/talker").stdout.strip() == "inactive [2]"
