"""Stand-in for ROS 2's ``ros2`` command with the verbs that this workspace uses."""
