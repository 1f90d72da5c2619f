"""Makes every_type.safetensors with the format's own library (pip install numpy safetensors)."""
import pathlib

import numpy as np
from safetensors.numpy import save_file

here = pathlib.Path(__file__).parent
arrays = {
    "doubles": np.array([[1.5, -2.25, 1e300], [0.1, np.inf, -0.0]], np.float64),
    "floats": np.arange(24, dtype=np.float32).reshape(2, 3, 4) / 8,
    "halves": np.array([1, -2, 65504, 6e-8, 0.333251953125, np.inf], np.float16),
    "int64": np.array([2**62, -(2**62), 7], np.int64),
    "int32": np.array([2**31 - 1, -(2**31)], np.int32),
    "int16": np.array([32767, -32768], np.int16),
    "int8": np.array([127, -128, 5], np.int8),
    "uint64": np.array([2**64 - 1], np.uint64),
    "uint32": np.array([2**32 - 1], np.uint32),
    "uint16": np.array([65535], np.uint16),
    "uint8": np.array([0, 255, 128], np.uint8),
    "bools": np.array([True, False, True]),
    "empty": np.zeros((0, 3), np.float32),
    "scalar": np.array(42.5, np.float32),
}
save_file(arrays, str(here / "every_type.safetensors"), metadata={"format": "pt", "note": 'a "quoted" line\nand ü'})
