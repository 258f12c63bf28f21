"""The launch's own ROS node."""

from __future__ import annotations

import os
import threading

import rclpy
import rclpy.context
import rclpy.executors
import rclpy.node
from launch import Event, LaunchContext
from launch.event_handlers import OnShutdown
from rclpy.signals import SignalHandlerOptions


def get_ros_node(context: LaunchContext) -> rclpy.node.Node:
    """Return the node of this launch, made when it is first asked for and destroyed when the launch ends.

    Its callbacks run in a thread of their own.
    """
    node = context.get_locals_as_dict().get("launch_ros_node")
    if isinstance(node, rclpy.node.Node):
        return node
    ros_context = rclpy.context.Context()
    # Signals stay the launch's own: it must outlive the nodes that it ends.
    rclpy.init(args=[], context=ros_context, signal_handler_options=SignalHandlerOptions.NO)
    node = rclpy.create_node(f"launch_ros_{os.getpid()}", context=ros_context, start_parameter_services=False)
    executor = rclpy.executors.SingleThreadedExecutor(context=ros_context)
    executor.add_node(node)
    thread = threading.Thread(target=executor.spin, daemon=True)
    thread.start()

    def close(_event: Event, _context: LaunchContext) -> None:
        executor.shutdown()
        thread.join()
        node.destroy_node()
        rclpy.shutdown(context=ros_context)

    context.extend_globals({"launch_ros_node": node})
    context.register_event_handler(OnShutdown(on_shutdown=close, handle_once=True))
    return node
