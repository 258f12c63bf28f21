"""Events of ROS nodes."""
