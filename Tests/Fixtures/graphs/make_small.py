"""Makes small.onnx with the Python package onnx (1.23.2): python make_small.py"""
import numpy as np
from onnx import TensorProto, helper, numpy_helper

nodes = [
    helper.make_node("Add", ["x", "c"], ["layer/Add"], name="layer/Add"),
    helper.make_node("LeakyRelu", ["layer/Add"], ["LeakyRelu"], name="LeakyRelu", alpha=0.01),
    helper.make_node("Identity", ["LeakyRelu"], ["y"], name="y"),
]
port = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", 3])
constant = numpy_helper.from_array(np.array([1, -2, 300], np.float32), "c")
graph = helper.make_graph(nodes, "small", [port("x")], [port("y")], [constant])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8, producer_name="unetrpp")
entry = model.metadata_props.add()
entry.key, entry.value = "key", "text"
with open("small.onnx", "wb") as file:
    file.write(model.SerializeToString())
