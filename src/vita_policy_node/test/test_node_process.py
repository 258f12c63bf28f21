from __future__ import annotations

import os
import subprocess
import sys

SCRIPT = """
import os, signal, sys, threading
from rclpy.node import Node
from vita_policy_node.node_process import run_node

class Hanging(Node):
    def __init__(self):
        super().__init__("hanging")
        threading.Thread(target=threading.Event().wait).start()
        signal.raise_signal(signal.SIGTERM)

    def close(self):
        print("closed")
        self.destroy_node()
        return False

sys.exit(run_node(Hanging, []))
"""


def test_a_thread_that_never_ends_does_not_keep_the_process(monkeypatch):
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    command = [sys.executable, "-c", SCRIPT]
    done = subprocess.run(command, env=dict(os.environ), capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (1, "closed\n"), done.stderr
