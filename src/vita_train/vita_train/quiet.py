"""Lightning without its remarks that do not concern the user of this program."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_REMARKS = (
    ".*does not have many workers.*",
    ".*GPU available but not used.*",
    ".*is smaller than the logging interval.*",
    ".*`isinstance.treespec, LeafSpec.` is deprecated.*",
)


@contextmanager
def quiet_lightning() -> Iterator[None]:
    """While inside, Lightning's logger speaks from warnings up and its known false alarms are silent."""
    logger = logging.getLogger("lightning.pytorch")
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            for remark in _REMARKS:
                warnings.filterwarnings("ignore", remark)
            yield
    finally:
        logger.setLevel(level)
