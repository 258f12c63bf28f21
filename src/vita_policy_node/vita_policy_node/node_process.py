"""The life of a node's process: from its arguments to its exit code."""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions


class Closable(Protocol):
    """A node that ends everything it began."""

    def close(self) -> bool | None:
        """Leave nothing running; idempotent. False says that a thread goes on all the same."""
        ...


def run_node(make_node: Callable[[], Closable], argv: Sequence[str]) -> int:
    """Run a node in this process until SIGINT or SIGTERM, which may come more than once.

    Args:
        make_node: makes a ``rclpy.node.Node`` that is also ``Closable``, once rclpy is initialised.
        argv: the process's arguments, with those for ROS.

    Returns:
        The exit code. Where a thread cannot be ended the process ends here, with exit code 1.
    """
    rclpy.init(args=list(argv), signal_handler_options=SignalHandlerOptions.NO)
    asked_to_end: list[int] = []
    # rclpy's own handlers would end the context first, and the last status could not be published.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, _frame: asked_to_end.append(received))
    try:
        node: Any = make_node()
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        while not asked_to_end:
            executor.spin_once(timeout_sec=0.1)
        executor.shutdown()
        ended = node.close()
    finally:
        rclpy.try_shutdown()
    # Python's last search for garbage goes through all of torch's objects: half a second of CPU, for which a busy
    # machine takes longer than launch waits after SIGINT.
    gc.freeze()
    if ended is False:
        # Python would wait for that thread for ever, and whoever sent the signal with it.
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(1)
    return 0
