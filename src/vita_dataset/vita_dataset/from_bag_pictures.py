"""The second pass over a bag: the pictures of an episode, one at a time."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
from numpy.typing import NDArray

from vita_dataset.bag_reader import OpenBag, naming, stamp_ns
from vita_dataset.errors import DataError
from vita_dataset.from_bag_image import TRANSPORTS, picture
from vita_dataset.from_bag_pieces import Piece
from vita_dataset.robot import CameraSource


class Pictures:
    """Reads pictures, and sees to it that those of a camera have one size in all bags."""

    def __init__(self) -> None:
        self._sizes: dict[str, tuple[int, ...]] = {}

    def of(self, bag: OpenBag, camera: CameraSource, piece: Piece) -> Generator[NDArray[np.uint8]]:
        """Yield a camera's picture of each step, uint8 [H, W, 3] RGB. Only those that a step shows are decoded.

        Raises:
            DataError: a picture is damaged or of another size than those before, or the bag changed meanwhile.
        """
        wanted = piece.places[camera.key]
        times_ns = wanted[:, 0]
        items = bag.messages({camera.topic}, int(times_ns.min()), int(times_ns.max()))
        place = (-1, -1)
        image: NDArray[np.uint8] = np.empty(0, dtype=np.uint8)
        for time_ns, stamp in wanted.tolist():
            while place != (time_ns, stamp):
                item = next(items, None)
                if item is None:
                    raise DataError(f"bag '{bag.path}' changed while it was read; read it when its recorder has ended")
                place = (item.time_ns, stamp_ns(item.message))
                if place == (time_ns, stamp):
                    with naming(bag.path, camera.topic):
                        image = picture(item.message, TRANSPORTS[camera.transport])
                    self._check_size(bag, camera, image)
            yield image

    def _check_size(self, bag: OpenBag, camera: CameraSource, image: NDArray[np.uint8]) -> None:
        first = self._sizes.setdefault(camera.key, image.shape)
        if image.shape != first:
            raise DataError(
                f"bag '{bag.path}' has a picture of {image.shape[0]}x{image.shape[1]} (H x W) on '{camera.topic}', but "
                f"camera '{camera.name}' began with {first[0]}x{first[1]}; a recording has one size: make one of each "
                "part"
            )
