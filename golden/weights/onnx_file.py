"""Networks of dense layers as ONNX: one chain of Gemm, or MatMul and Add, and Relu, Tanh or Sigmoid."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..chip.rules import show
from .contents import Contents, checked, refusal

ACTIVATIONS = {"Relu": "relu", "Tanh": "tanh", "Sigmoid": "sigmoid"}
"""Names in a chip file of ONNX's operators; without any a layer is linear."""
PASSING = ("Identity", "Flatten", "Dropout")
"""Operators that leave a dense network's values as they are."""
RIGHT = "right is one chain of Gemm, or MatMul and Add, with Relu, Tanh or Sigmoid between"


class Chain:
    """Layers of a graph, found node by node.

    Parameters
    ----------
    path : Path
        For sentences.
    constants : dict of str to array
        Initializers and constants by name.
    """

    def __init__(self, path: Path, constants: dict[str, NDArray[Any]]):
        self._path, self._constants = path, constants
        self.weights: list[NDArray[Any]] = []
        self.biases: list[NDArray[Any] | None] = []
        self.activations: list[str] = []

    def take(self, node: Any, value: str) -> str:
        """Take a node whose input is `value`; returns its output."""
        kind = node.op_type
        others = [name for name in node.input if name and name != value]
        if kind in ("Gemm", "MatMul"):
            self._product(node, value, others)
        elif kind == "Add" and self.weights and self.biases[-1] is None and len(others) == 1:
            self.biases[-1] = self._constant(node, others[0]).ravel()
        elif kind in ACTIVATIONS and self.weights and self.activations[-1] == "linear":
            self.activations[-1] = ACTIVATIONS[kind]
        elif kind not in PASSING:
            more = "; Softmax changes no class and can be left out" if kind == "Softmax" else ""
            raise refusal(self._path, f"operator {kind} cannot be taken where it stands; {RIGHT}{more}")
        return node.output[0]

    def _product(self, node: Any, value: str, others: list[str]) -> None:
        from onnx.helper import get_attribute_value

        given = {attribute.name: get_attribute_value(attribute) for attribute in node.attribute}
        if node.input[0] != value or not others:
            raise refusal(self._path, f"{node.op_type} has the values on the right of the weights; {RIGHT}")
        if given.get("transA") or given.get("alpha", 1) != 1 or given.get("beta", 1) != 1:
            raise refusal(self._path, "Gemm with transA, alpha or beta cannot be taken; right is y = x W + b")
        matrix = self._constant(node, others[0])
        self.weights.append(matrix if given.get("transB") else matrix.T)
        self.biases.append(self._constant(node, others[1]).ravel() if len(others) > 1 else None)
        self.activations.append("linear")

    def _constant(self, node: Any, name: str) -> NDArray[Any]:
        if name not in self._constants:
            raise refusal(self._path, f"{show(name)} at {node.op_type} is no constant of the file; {RIGHT}")
        return self._constants[name]


def read(path: Path) -> Contents:
    """Layers of an ONNX file, as `0.weight`, `0.bias`, `1.weight`, ...

    Raises
    ------
    WeightsError
        The file is none, or its graph is no such chain.
    """
    import onnx
    from google.protobuf.message import DecodeError
    from onnx import TensorProto, numpy_helper

    try:
        graph = onnx.load_model_from_string(path.read_bytes()).graph
    except (DecodeError, ValueError, TypeError) as error:
        raise refusal(path, f"it is no ONNX file ({type(error).__name__}); right is what exporters write") from None
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant":
            tensors |= {name: part.t for name in node.output for part in node.attribute if part.name == "value"}
    if away := [name for name, tensor in tensors.items() if tensor.data_location == TensorProto.EXTERNAL]:
        raise refusal(path, f"{show(away[0])} is in another file; right is a file that holds its weights itself")
    try:
        constants = {name: numpy_helper.to_array(tensor) for name, tensor in tensors.items()}
    except (ValueError, TypeError, KeyError) as error:
        raise refusal(
            path, f"its weights are damaged ({type(error).__name__}); right is what exporters write"
        ) from None
    inputs = [item.name for item in graph.input if item.name not in constants]
    nodes = [node for node in graph.node if node.op_type != "Constant"]
    if len(inputs) != 1 or not nodes:
        raise refusal(path, f"its graph has {len(inputs)} inputs and {len(nodes)} operators; {RIGHT}")
    chain, value = Chain(path, constants), inputs[0]
    for node in nodes:
        if value not in node.input:
            raise refusal(path, f"operator {node.op_type} is not behind the one before it; {RIGHT}")
        value = chain.take(node, value)
    arrays = {}
    for k, (weight, bias) in enumerate(zip(chain.weights, chain.biases, strict=True)):
        arrays[f"{k}.weight"] = checked(path, f"{k}.weight", weight)
        if bias is not None:
            arrays[f"{k}.bias"] = checked(path, f"{k}.bias", bias)
    return Contents(arrays, True, tuple(chain.activations))


def written(layers: list[tuple[NDArray[np.floating], NDArray[np.floating]]], activations: tuple[str, ...]) -> bytes:
    """An ONNX file of dense layers: weights (neurons, inputs) and biases of one type, float32 or float64."""
    from onnx import checker, helper, numpy_helper

    operators = {name: operator for operator, name in ACTIVATIONS.items()}
    kind = helper.np_dtype_to_tensor_dtype(layers[0][0].dtype)
    nodes, constants, value = [], [], "input"
    for k, ((weight, bias), activation) in enumerate(zip(layers, activations, strict=True)):
        constants += [
            numpy_helper.from_array(np.ascontiguousarray(weight), f"{k}.weight"),
            numpy_helper.from_array(np.ascontiguousarray(bias), f"{k}.bias"),
        ]
        nodes.append(helper.make_node("Gemm", [value, f"{k}.weight", f"{k}.bias"], [f"{k}.sum"], transB=1))
        value = f"{k}.sum"
        if activation in operators:
            nodes.append(helper.make_node(operators[activation], [value], [f"{k}.output"]))
            value = f"{k}.output"
    ports = [
        helper.make_tensor_value_info(name, kind, ["samples", size])
        for name, size in (("input", layers[0][0].shape[1]), (value, len(layers[-1][0])))
    ]
    graph = helper.make_graph(nodes, "ohmgrad", ports[:1], ports[1:], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    checker.check_model(model)
    return model.SerializeToString(deterministic=True)
