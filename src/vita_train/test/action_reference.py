"""The action encoders and decoders by their formulas, in plain numpy float64: what the tests compare with."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import count

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Weights = Mapping[str, Array]


def linear(x: Array, weights: Weights, name: str) -> Array:
    return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]


def gelu(x: Array) -> Array:
    return x * 0.5 * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))


def tanh_gelu(x: Array) -> Array:
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def layer_norm(x: Array, weights: Weights, name: str) -> Array:
    mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    return (x - mean) / np.sqrt(variance + 1e-5) * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def halving_convolution(x: Array, weight: Array, bias: Array) -> Array:
    """[C, L] and [O, C, 5] to [O, L / 2]: stride 2, two zeros at each end."""
    padded = np.pad(x, ((0, 0), (2, 2)))
    out = np.empty((len(weight), x.shape[1] // 2))
    for place in range(out.shape[1]):
        out[:, place] = np.einsum("ock,ck->o", weight, padded[:, 2 * place : 2 * place + 5]) + bias
    return out


def doubling_convolution(x: Array, weight: Array, bias: Array) -> Array:
    """[C, L] and [C, O, 5] to [O, 2 L]: every element spreads over five places around twice its own."""
    out = np.tile(bias[:, None], (1, 2 * x.shape[1]))
    for place in range(x.shape[1]):
        for tap in range(5):
            there = 2 * place + tap - 2
            if 0 <= there < out.shape[1]:
                out[:, there] += weight[:, :, tap].T @ x[:, place]
    return out


def cnn_encoder(actions: Array, weights: Weights) -> Array:
    latents = []
    for chunk in actions:
        x = chunk.T
        for index in count(0, 2):
            if f"encoder.{index}.weight" not in weights:
                break
            x = halving_convolution(x, weights[f"encoder.{index}.weight"], weights[f"encoder.{index}.bias"])
            x = np.maximum(x, 0)
        latents.append(linear(x.ravel(), weights, "latent_proj"))
    return np.stack(latents)


def cnn_decoder(latents: Array, weights: Weights) -> Array:
    chunks = []
    for latent in latents:
        channels = weights["decoder.0.weight"].shape[0]
        x = linear(latent, weights, "latent_proj").reshape(channels, -1)
        for index in count(0, 2):
            if f"decoder.{index}.weight" not in weights:
                break
            x = np.maximum(x, 0) if index else x
            x = doubling_convolution(x, weights[f"decoder.{index}.weight"], weights[f"decoder.{index}.bias"])
        chunks.append(x.T)
    return np.stack(chunks)


def mlps(x: Array, weights: Weights) -> Array:
    for index in count():
        if f"layers.{index}.fc1.weight" not in weights:
            return x
        x = linear(gelu(linear(x, weights, f"layers.{index}.fc1")), weights, f"layers.{index}.fc2")
    raise AssertionError


def simple_encoder(actions: Array, weights: Weights) -> Array:
    return mlps(linear(actions, weights, "input_proj"), weights).reshape(len(actions), -1)


def simple_decoder(latents: Array, weights: Weights, action_dim: int) -> Array:
    actions = linear(mlps(linear(latents, weights, "input_proj"), weights), weights, "output_proj")
    return actions.reshape(len(latents), -1, action_dim)


def rotated(x: Array) -> Array:
    """Rotary positions by complex numbers: pair i of [L, D] at position p is multiplied by exp(1j p / 10000^(2i/D))."""
    length, dim = x.shape
    angles = np.arange(length)[:, None] / 10000 ** (np.arange(0, dim, 2) / dim)
    turned = (x[:, 0::2] + 1j * x[:, 1::2]) * np.exp(1j * angles)
    return np.stack((turned.real, turned.imag), axis=-1).reshape(length, dim)


def attention(x: Array, weights: Weights, name: str, heads: int) -> Array:
    """Tokens [L, D] to [L, D]."""
    size = x.shape[1] // heads
    q, k, v = np.split(linear(x, weights, f"{name}.qkv"), 3, axis=1)
    outs = []
    for head in range(heads):
        own = slice(head * size, (head + 1) * size)
        query = rotated(layer_norm(q[:, own], weights, f"{name}.q_norm"))
        key = rotated(layer_norm(k[:, own], weights, f"{name}.k_norm"))
        scores = np.exp(query @ key.T / math.sqrt(size))
        outs.append(scores / scores.sum(1, keepdims=True) @ v[:, own])
    return linear(np.concatenate(outs, axis=1), weights, f"{name}.proj")


def transformer_encoder(actions: Array, weights: Weights, heads: int) -> Array:
    latents = []
    for chunk in actions:
        x = np.concatenate((weights["cls_embed.weight"], linear(chunk, weights, "input_proj"))) + weights["pos_embed"]
        for index in count():
            name = f"layers.{index}"
            if f"{name}.norm1.weight" not in weights:
                break
            x = x + attention(layer_norm(x, weights, f"{name}.norm1"), weights, f"{name}.attn", heads)
            inner = tanh_gelu(linear(layer_norm(x, weights, f"{name}.norm2"), weights, f"{name}.mlp.fc1"))
            x = x + linear(inner, weights, f"{name}.mlp.fc2")
        latents.append(linear(layer_norm(x, weights, "norm")[0], weights, "latent_proj"))
    return np.stack(latents)
