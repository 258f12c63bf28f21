"""The policy node: from camera frames and joint states to safe arm commands."""
