"""A policy that cannot learn one batch by heart learns nothing: the quickest test of network, losses and optimizer."""

from __future__ import annotations

import torch
from policy_support import ACTION, CAMERAS, STATE, tiny_batch, tiny_policy

STEPS = 200


def test_one_batch_is_learned_by_heart():
    policy = tiny_policy(observer="small", image_keys=CAMERAS[:1])
    batch = tiny_batch(4)
    optimizer = torch.optim.AdamW(policy.parameters(), lr=3e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
    torch.manual_seed(0)
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = policy.compute_loss(batch)["loss"]
        loss.backward()
        torch.nn.utils.clip_grad_norm_(policy.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
    policy.eval()
    with torch.no_grad():
        actions = policy.predict({CAMERAS[0]: batch[CAMERAS[0]]}, batch[STATE])
    # In standard deviations of each joint: guessing the mean is about 0.8 off.
    off = (actions - batch[ACTION]).abs().mean((0, 1)) / batch[ACTION].std((0, 1))
    # About 0.01 of the first loss and 0.03 are usual: chance has a wide berth.
    assert losses[-1] < 0.1 * losses[0]
    assert (off < 0.2).all()
