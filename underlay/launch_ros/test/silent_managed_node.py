#!/usr/bin/env python3
"""A managed node whose reports of transitions never arrive: it publishes none."""

from contextlib import suppress

import rclpy
from lifecycle_msgs.msg import State
from lifecycle_msgs.srv import ChangeState, GetState
from rclpy.executors import ExternalShutdownException


def change(_request: ChangeState.Request, response: ChangeState.Response) -> ChangeState.Response:
    response.success = True
    return response


def tell(_request: GetState.Request, response: GetState.Response) -> GetState.Response:
    response.current_state = State(id=State.PRIMARY_STATE_INACTIVE, label="inactive")
    return response


rclpy.init()
node = rclpy.create_node("unnamed")
name = node.get_fully_qualified_name()
node.create_service(ChangeState, f"{name}/change_state", change)
node.create_service(GetState, f"{name}/get_state", tell)
with suppress(KeyboardInterrupt, ExternalShutdownException):
    rclpy.spin(node)
