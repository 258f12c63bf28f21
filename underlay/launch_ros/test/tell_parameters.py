#!/usr/bin/env python3
"""A node that writes its name, parameters and topic, as JSON, to the file of its first argument."""

import json
import sys
from pathlib import Path

import rclpy
from rclpy.utilities import remove_ros_args

rclpy.init(args=sys.argv)
node = rclpy.create_node("unnamed", automatically_declare_parameters_from_overrides=True)
parameters = {name: parameter.value for name, parameter in node.get_parameters_by_prefix("").items()}
lists = {name: value.tolist() for name, value in parameters.items() if hasattr(value, "tolist")}
told = {
    "name": node.get_fully_qualified_name(),
    "topic": node.resolve_topic_name("topic"),
    "arguments": remove_ros_args(sys.argv)[2:],
    "parameters": {**parameters, **lists},
}
Path(sys.argv[1]).write_text(json.dumps(told))
rclpy.shutdown()
