"""Stand-in for the Python module of ROS 2's message_filters: same names, same calls, same matches.

Covered: ``SimpleFilter``, ``Subscriber``, ``TimeSynchronizer``, ``ApproximateTimeSynchronizer`` and ``Cache``.
"""

from __future__ import annotations

import os
from typing import NoReturn

from message_filters.approximate_time_synchronizer import ApproximateTimeSynchronizer
from message_filters.cache import Cache
from message_filters.simple_filter import SimpleFilter
from message_filters.subscriber import Subscriber
from message_filters.time_synchronizer import TimeSynchronizer

__all__ = ["ApproximateTimeSynchronizer", "Cache", "SimpleFilter", "Subscriber", "TimeSynchronizer"]


def __getattr__(name: str) -> NoReturn:
    """Refuse what this stand-in lacks, naming it and the genuine package.

    Raises:
        ImportError: for a class, so that ``from message_filters import X`` shows this message.
        AttributeError: for any other name, as Python's own introspection expects.
    """
    package = f"ros-{os.environ.get('ROS_DISTRO', 'kilted')}-message-filters"
    kind = ImportError if name[:1].isupper() else AttributeError
    raise kind(f"message_filters.{name} is not covered by this stand-in; install the genuine {package}")
