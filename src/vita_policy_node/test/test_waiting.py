from __future__ import annotations

import pytest

from vita_policy_node.waiting import Until


def test_it_gives_way_until_the_condition_holds():
    asked: list[bool] = [False, False, True]

    async def callback() -> str:
        await Until(lambda: asked.pop(0))
        return "done"

    waiting = callback()
    assert waiting.send(None) is None
    assert waiting.send(None) is None
    with pytest.raises(StopIteration, match="done"):
        waiting.send(None)
    assert not asked
