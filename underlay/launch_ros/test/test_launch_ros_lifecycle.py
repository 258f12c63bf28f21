"""Managed nodes, brought up and watched by a launch."""

from ros_launching import InstallNode, bring_up


def test_node_is_configured_then_activated(install_node: InstallNode) -> None:
    install_node("managed_node.py")
    seen, codes = bring_up()
    ends = [step for step in seen if step.endswith((">inactive", ">active"))]
    assert ends == ["configuring>inactive", "activating>active"]
    assert codes == [0]


def test_refused_configuration_is_seen(install_node: InstallNode) -> None:
    install_node("managed_node.py")
    seen, codes = bring_up(parameters=[{"refuse": True}])
    assert seen[-1] == "configuring>unconfigured"
    assert codes == [0]
