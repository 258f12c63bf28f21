"""How the pixels of converted frames are stored."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vita_dataset.errors import UsageError

DEFAULT_QUALITY = 90


@dataclass(frozen=True)
class ImageCodec:
    """Raw pixels, or one JPEG for each frame.

    Attributes:
        quality: of the JPEG, 1 to 100; None: raw pixels, exact and uncompressed.
    """

    quality: int | None = None

    @classmethod
    def parse(cls, text: str) -> ImageCodec:
        """Read "raw", "jpeg" (of quality 90) or "jpeg:<quality>".

        Raises:
            UsageError: anything else.
        """
        found = re.fullmatch(r"raw|jpeg(?::([1-9][0-9]?|100))?", text)
        if found is None:
            raise UsageError(
                f"the image codec '{text}' is unknown; choose 'raw', 'jpeg' or 'jpeg:<quality>' with a quality of 1 "
                "to 100"
            )
        if text == "raw":
            return cls()
        return cls(int(found[1] or DEFAULT_QUALITY))

    def __str__(self) -> str:
        return "raw" if self.quality is None else f"jpeg:{self.quality}"
