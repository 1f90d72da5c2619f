"""Writes a checkpoint as the published training code does, with PyTorch's own torch.save.

    python make_checkpoint.py LISTING.json OUTPUT.model [--prefix module.] [--unequal] [--bare]

LISTING.json is a list of [key, shape, key of the tensor it shares or null], in the order of the state dict. The values follow the parity
rule (see ParityRule.swift). --unequal gives every shared tensor values of its own; --bare saves the state dict alone.
The small fixture beside this file was made with PyTorch 2.13.0: python make_checkpoint.py small.json small.model --prefix module.
"""
import argparse
import collections
import json

import numpy as np
import torch

MASK = (1 << 64) - 1


def unit(name, count):
    """Values 0 ... count - 1 of the rule for that name, in [0, 1)."""
    start = 0xCBF29CE484222325
    for byte in name.encode():
        start = ((start ^ byte) * 0x100000001B3) & MASK
    with np.errstate(over="ignore"):
        z = np.uint64(start) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(40)).astype(np.float64) / 2**24


def values(key, shape):
    count = int(np.prod(shape, dtype=np.int64))
    last = key.split(".")[-1]
    u = unit(key, count)
    r = 2 * u - 1
    if last == "num_batches_tracked":
        return torch.zeros(shape, dtype=torch.int64)
    if last == "running_var":
        result = 1 + 0.5 * u
    elif last in ("running_mean", "pos_embed", "bias"):
        result = 0.1 * r
    elif last in ("temperature", "temperature2"):
        result = 1 + 0.25 * r
    elif last == "gamma":
        result = 0.5 + 0.25 * r
    elif len(shape) == 1:
        result = 1 + 0.2 * r
    else:
        result = r * (3 / np.prod(shape[1:], dtype=np.float64)) ** 0.5
    return torch.from_numpy(result.astype(np.float32).reshape(shape))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("listing")
    parser.add_argument("output")
    parser.add_argument("--prefix", default="")
    parser.add_argument("--unequal", action="store_true")
    parser.add_argument("--bare", action="store_true")
    options = parser.parse_args()
    state = collections.OrderedDict()
    for key, shape, shared in json.load(open(options.listing)):
        if shared is None or options.unequal:
            state[options.prefix + key] = values(key, shape)
        else:
            state[options.prefix + key] = state[options.prefix + shared]
    if options.bare:
        torch.save(state, options.output)
        return
    first = next(iter(state.values()))
    torch.save(
        {
            "epoch": 1000,
            "state_dict": state,
            "optimizer_state_dict": {
                "state": {0: {"momentum_buffer": torch.zeros_like(first)}},
                "param_groups": [
                    {"lr": 1.995e-05, "momentum": 0.99, "dampening": 0, "weight_decay": 3e-05, "nesterov": True, "params": [0]}
                ],
            },
            "lr_scheduler_state_dict": None,
            "plot_stuff": ([-0.1, -0.7], [-0.2, -0.6], [], [np.float64(0.5), np.float64(0.8)]),
            "best_stuff": (np.float64(0.85), None, np.float64(0.84)),
            "amp_grad_scaler": {"scale": 65536.0, "growth_factor": 2.0, "backoff_factor": 0.5, "growth_interval": 2000, "_growth_tracker": 7},
        },
        options.output,
    )


main()
