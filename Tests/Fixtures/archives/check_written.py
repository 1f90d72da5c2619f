"""Reads with PyTorch what the tests write: python check_written.py FILE..., each a file of PyTorchArchive.write."""
import os
import sys

os.environ["TORCH_SERIALIZATION_DEBUG"] = "1"  # PyTorch then checks that storages lie where the layout says
import torch
from torch.utils.serialization import config

config.load.calculate_storage_offsets = True
for name in sys.argv[1:]:
    for mmap in (False, True):
        value = torch.load(name, weights_only=True, mmap=mmap)
    state = value.get("state_dict", value)
    print(name, type(value).__name__, type(state).__name__)
    for key, entry in list(state.items())[:20] + [(k, v) for k, v in value.items() if v is not state and state is not value]:
        if torch.is_tensor(entry):
            print("  ", key, entry.dtype, tuple(entry.shape), entry.flatten()[:6].tolist(), entry.untyped_storage().data_ptr() % 1024)
        else:
            print("  ", key, repr(entry))
