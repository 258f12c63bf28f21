#!/usr/bin/env python3
"""A managed node; its configuration fails when the parameter ``refuse`` is true."""

import sys
from contextlib import suppress

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn


class Managed(LifecycleNode):
    def on_configure(self, _state: LifecycleState) -> TransitionCallbackReturn:
        refuse: bool = self.declare_parameter("refuse", False).value
        return TransitionCallbackReturn.FAILURE if refuse else TransitionCallbackReturn.SUCCESS


if "--die" not in sys.argv:
    rclpy.init()
    with suppress(KeyboardInterrupt, ExternalShutdownException):
        rclpy.spin(Managed("unnamed"))
