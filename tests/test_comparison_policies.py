"""The policies that the comparison puts beside VITA are what they are said to be."""

import pytest
import torch

from benchmarks.comparison.plan import QUICK
from benchmarks.comparison.prepared import prepare
from benchmarks.comparison.variants import VARIANTS, find_variant
from vita_dataset.errors import UsageError
from vita_dataset.spec import CameraSpec, DatasetSpec, SourceSpec, VectorSpec
from vita_train.policy.vita import PAD_KEY

JOINTS, BATCH = 3, 4
KEYS = [variant.key for variant in VARIANTS]
CAMERA = "observation.images.front"
SPEC = DatasetSpec(
    repo_id="robot/task",
    fps=10.0,
    cameras=(CameraSpec(CAMERA, *QUICK.resize_shape),),
    state=VectorSpec("observation.state", JOINTS, ("a", "b", "c")),
    action=VectorSpec("action", JOINTS, ("a", "b", "c")),
    source=SourceSpec("somewhere", "v2.1", "0"),
)
CONFIG = QUICK.policy_config(SPEC)


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def build(key, seed=0):
    torch.manual_seed(seed)
    return find_variant(key).build(CONFIG, None)


def batch(size=BATCH, seed=0):
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(256, (size, 1, *QUICK.resize_shape, 3), dtype=torch.uint8, generator=generator)
    return {
        CAMERA: images,
        "observation.state": torch.randn(size, 1, JOINTS, generator=generator),
        "action": torch.randn(size, CONFIG.pred_horizon, JOINTS, generator=generator),
        PAD_KEY: torch.zeros(size, CONFIG.pred_horizon, dtype=torch.bool),
    }


@pytest.mark.parametrize("key", KEYS)
def test_every_weight_learns(key):
    policy, sample = build(key), batch()
    with torch.no_grad():  # behind the gates of zero that the blocks start with, nothing learns in the first step
        for name, weight in policy.named_parameters():
            if "time_modulator" in name:
                weight.normal_(0.0, 0.05)
    policy.compute_loss(sample)["loss"].backward()
    still = {name for name, weight in policy.named_parameters() if weight.grad is None or not weight.grad.any()}
    assert not still


def test_all_variants_of_a_seed_see_alike():
    first = build(KEYS[0])
    for key in KEYS[1:]:
        other = build(key)
        for name in ("observer", "obs_encoder"):
            ours, theirs = (getattr(policy, name).state_dict() for policy in (first, other))
            assert all(torch.equal(ours[weight], theirs[weight]) for weight in ours)


@pytest.mark.parametrize("key", ["noise_flow", "regression"])
def test_steps_that_were_not_recorded_do_not_count(key):
    policy, sample = build(key), batch()
    sample[PAD_KEY][:, 5:] = True
    changed = {**sample, "action": sample["action"].clone()}
    changed["action"][:, 5:] += 1.0
    noise = torch.zeros(BATCH, CONFIG.pred_horizon * JOINTS)
    # At t = 0 the network sees noise alone, so the actions enter by what they are compared with only.
    losses = [
        policy.compute_loss(each, torch.Generator().manual_seed(0), torch.zeros(BATCH), noise)["loss"]
        for each in (sample, changed)
    ]
    assert torch.equal(*losses)


def test_noise_decides_between_chunks_and_a_seed_decides_the_noise():
    policy, sample = build("noise_flow").eval(), batch()
    chunks = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        with torch.no_grad():
            chunks.append(policy.predict(sample, sample["observation.state"]))
    assert chunks[0].shape == (BATCH, CONFIG.pred_horizon, JOINTS)
    assert torch.equal(chunks[0], chunks[1])
    assert not torch.allclose(chunks[0], chunks[2])


def test_regression_says_the_same_each_time():
    policy, sample = build("regression").eval(), batch()
    with torch.no_grad():
        assert torch.equal(*(policy.predict(sample, sample["observation.state"]) for _ in range(2)))


@pytest.mark.parametrize("key", KEYS)
def test_a_policy_made_ready_predicts_the_same(key):
    policy, sample = build(key), batch(1)
    with torch.no_grad():
        for weight in policy.parameters():
            weight.add_(torch.randn_like(weight), alpha=0.02)
    policy.eval()
    served = prepare(policy)
    torch.manual_seed(0)
    with torch.no_grad():
        trained = policy.predict(sample, sample["observation.state"])
    torch.manual_seed(0)
    torch.testing.assert_close(served.predict(sample, sample["observation.state"]), trained, rtol=1e-4, atol=1e-5)


def test_an_unknown_variant_is_refused():
    with pytest.raises(UsageError, match=r"'diffusion' is not known; choose from \['exact'"):
        find_variant("diffusion")
