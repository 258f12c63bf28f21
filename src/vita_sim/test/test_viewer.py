from __future__ import annotations

import pytest
from sim_support import simulation_of

from vita_dataset.errors import DataError
from vita_sim.viewer import open_viewer


def test_without_a_display_the_viewer_says_so(monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(DataError, match="needs a display"):
        open_viewer(simulation_of("lift"))
