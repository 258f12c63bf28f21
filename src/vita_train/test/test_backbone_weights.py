from __future__ import annotations

import hashlib
import logging
import pickle

import pytest
import torch
from policy_support import tiny_policy
from safetensors.torch import load_file, save_file
from serving_support import randomized

from vita_dataset.errors import DataError
from vita_train.backbone_weights import backbone_advice, read_backbone_weights
from vita_train.policy.resnet import ResNet18
from vita_train.training_state import read_training_state


@pytest.fixture(scope="module")
def backbone():
    torch.manual_seed(5)
    return randomized(ResNet18()).state_dict()


@pytest.fixture
def torchvision(backbone):
    """The names of torchvision's resnet18: with a classifier, and a counter in each batch normalisation."""
    counters = {
        name.replace("running_mean", "num_batches_tracked"): torch.tensor(0)
        for name in backbone
        if name.endswith("running_mean")
    }
    own = {name: tensor.clone() for name, tensor in backbone.items()}
    return own | counters | {"fc.weight": torch.zeros(1000, 512), "fc.bias": torch.zeros(1000)}


def write(path, tensors):
    if path.suffix == ".safetensors":
        save_file(tensors, path)
    else:
        torch.save(tensors, path)
    return path


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("name", ["resnet18.safetensors", "resnet18-f37072fd.pth"])
def test_a_file_with_torchvision_s_names(tmp_path, backbone, torchvision, name):
    path = write(tmp_path / name, torchvision)
    weights = read_backbone_weights(path)
    assert same(weights.tensors, backbone)
    assert weights.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert not weights.of_policy


def test_half_precision_becomes_float32(tmp_path, backbone):
    halves = {name: tensor.half() for name, tensor in backbone.items()}
    weights = read_backbone_weights(write(tmp_path / "half.safetensors", halves))
    assert {tensor.dtype for tensor in weights.tensors.values()} == {torch.float32}


def test_the_backbone_of_a_policy(tmp_path):
    policy = tiny_policy()
    weights = read_backbone_weights(write(tmp_path / "model.safetensors", policy.state_dict()))
    assert same(weights.tensors, policy.observer.backbone.state_dict())
    assert weights.of_policy


def test_what_does_not_fit_is_listed(tmp_path, torchvision):
    del torchvision["conv1.weight"]
    torchvision["layer1.2.conv1.weight"] = torch.zeros(64, 64, 3, 3)  # as a ResNet-34 has
    torchvision["bn1.bias"] = torch.zeros(32)
    torchvision["bn1.weight"] = torch.zeros(64, dtype=torch.int64)
    torchvision["layer4.1.bn2.bias"][3] = torch.nan
    with pytest.raises(DataError) as caught:
        read_backbone_weights(write(tmp_path / "other.safetensors", torchvision))
    for words in (
        "1 missing: conv1.weight",
        "1 unexpected: layer1.2.conv1.weight",
        "1 of another shape: bn1.bias [32] instead of [64]",
        "1 not of a float type: bn1.weight",
        "1 not finite: layer4.1.bn2.bias",
    ):
        assert words in str(caught.value)


class Evil:
    def __reduce__(self):
        return (print, ("executed",))


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("weights.pth", pickle.dumps({"conv1.weight": Evil()}, protocol=2), "is no whole file of tensors"),
        ("weights.pt", b"", "is no whole file of tensors"),
        ("weights.pth", b"PK\x03\x04 cut off", "is no whole file of tensors"),
        ("weights.safetensors", b"\x08\x00\x00\x00\x00\x00\x00\x00{", "is no whole file of tensors"),
        ("weights.onnx", b"", "must end in .safetensors, .pth or .pt"),
        ("weights.safetensors", None, "cannot be read (No such file or directory)"),
    ],
)
def test_other_files_are_refused_in_one_sentence(tmp_path, capsys, name, content, words):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError) as caught:
        read_backbone_weights(tmp_path / name)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "executed" not in capsys.readouterr().out


@pytest.mark.parametrize("content", [[torch.zeros(1)], {"state_dict": {"conv1.weight": torch.zeros(1)}, "epoch": 3}])
def test_a_file_of_something_else_than_named_tensors(tmp_path, content):
    with pytest.raises(DataError, match="must hold tensors by name; save the network's state_dict alone"):
        read_backbone_weights(write(tmp_path / "training.pth", content))


def test_what_is_said_of_a_start(tmp_path, torchvision):
    weights = read_backbone_weights(write(tmp_path / "resnet18.pth", torchvision))
    own = read_backbone_weights(write(tmp_path / "model.safetensors", tiny_policy().state_dict()))
    keys = ("front", "wrist")

    def said(start, observer="resnet18", overridden=()):
        return list(backbone_advice(start, observer, keys, overridden))

    (random,) = said(None)
    assert random.startswith("the backbone starts from random weights")
    (statistics,) = said(weights, overridden=("front",))
    assert "will see wrist scaled by the dataset's own statistics" in statistics
    assert said(None, "small") == said(own) == said(weights, overridden=keys) == []


def test_a_new_run_starts_from_it_and_a_resumed_one_from_its_checkpoint(train, tmp_path, torchvision, caplog):
    root = tmp_path / "flare_outputs" / "reach" / "vita" / "s"
    path = write(tmp_path / "resnet18.pth", torchvision)
    # So small a step that the weights are still those of the file, up to it.
    settings = ("policy.observer=resnet18", "optimizer_lr=1e-9", "use_ema=false")
    with caplog.at_level(logging.INFO):
        assert train("train.steps=2", f"backbone_weights={path}", *settings) == 0
    saved = load_file(root / "checkpoints" / "step_0000000002" / "model.safetensors")
    for name in ("conv1.weight", "layer4.1.bn2.running_mean"):
        torch.testing.assert_close(saved[f"observer.backbone.{name}"], torchvision[name], atol=1e-6, rtol=0)
    assert f"the backbone starts from {path} (SHA-256 {hashlib.sha256(path.read_bytes()).hexdigest()})" in caplog.text
    assert "expect its mean [0.485, 0.456, 0.406]" in caplog.text
    path.unlink()
    caplog.clear()
    assert train("train.steps=3", "resume=true", *settings) == 0
    assert f"backbone_weights was {path}, now None" in caplog.text
    assert "the backbone starts from" not in caplog.text


def test_mistakes_end_before_anything_is_written(train, tmp_path, torchvision, capsys):
    path = write(tmp_path / "resnet18.pth", torchvision)
    assert train(f"backbone_weights={path}", "policy.observer=small") == 2
    assert "set policy.observer=resnet18 or leave them out" in capsys.readouterr().err
    assert train(f"backbone_weights={tmp_path / 'nowhere.pth'}", "policy.observer=resnet18") == 1
    assert "cannot be read" in capsys.readouterr().err
    assert not (tmp_path / "flare_outputs").exists()


def test_augmentation_and_history_train_and_resume_bit_for_bit(train, tmp_path, capsys):
    settings = ("policy.obs_horizon=2", "augmentation.brightness=0.2", "augmentation.hue=0.05")
    root = tmp_path / "flare_outputs" / "reach" / "vita"
    assert train("train.steps=4", *settings) == 0
    begin = f"checkpoint_path={root / 's' / 'checkpoints' / 'step_0000000002'}"
    assert train("train.steps=4", "resume=true", begin, "session=again", *settings) == 0
    whole, again = (read_training_state(root / name / "checkpoints" / "step_0000000004") for name in ("s", "again"))
    assert same(whole.weights, again.weights)
    assert train("train.steps=6", "resume=true", *settings[:2]) == 0
    assert "augmentation.hue was 0.05, now None" in capsys.readouterr().err
    assert train("train.steps=8", "resume=true", "augmentation.hue=0.6", "augmentation.contrast=-1") == 2
    sentence = capsys.readouterr().err
    assert "augmentation.hue must lie between 0 and 0.5, but is 0.6" in sentence
    assert "augmentation.contrast must be a number from 0 up" in sentence
