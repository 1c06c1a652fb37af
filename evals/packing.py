"""Weights of an ONNX model kept as int8, and worked with as they were.

Every 64 weights that are summed together have a scale of their own. The model turns them back into
floats: a table's rows as they are looked up, a matrix once, when it is loaded, since
it is constant. Activations stay floats, so what is lost is the rounding of the weights and no more,
where quantising both ("dynamic quantisation") loses a hundredth of mean F1.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

LEAST_SIZE = 1024  # of a matrix worth packing
GROUP = 64  # weights under one scale


def pack(source: Path, target: Path) -> None:
    """Write the model with its matrices and tables as int8."""
    onnx: Any = import_module("onnx")  # its types are not complete
    model = onnx.load(str(source))
    graph = model.graph
    whole = {tensor.name: tensor for tensor in graph.initializer}
    added: list[Any] = []
    for name, tensor in whole.items():
        users = [node for node in graph.node if name in node.input]
        kinds = {node.op_type for node in users}
        values = onnx.numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.ndim != 2 or values.size < LEAST_SIZE:
            continue
        if kinds == {"Gather"}:
            rounded, scale = _rounded(values.reshape(len(values), -1, _group(values.shape[1])), 2)
            graph.initializer.extend(_tensors(onnx, name, rounded, scale))
            graph.initializer.append(_shape(onnx, name, (0, 0, values.shape[1])))
            for node in users:
                added += _looked_up(onnx, node, name)
        elif kinds <= {"MatMul", "Gemm"}:
            grouped = values.reshape(-1, _group(values.shape[0]), values.shape[1])
            graph.initializer.extend(_tensors(onnx, name, *_rounded(grouped, 1)))
            graph.initializer.append(_shape(onnx, name, values.shape))
            added += [
                onnx.helper.make_node("Cast", [f"{name}.int8"], [f"{name}.wide"], to=1),
                onnx.helper.make_node("Mul", [f"{name}.wide", f"{name}.scale"], [f"{name}.parts"]),
                onnx.helper.make_node("Reshape", [f"{name}.parts", f"{name}.shape"], [name]),
            ]
        else:
            continue
        graph.initializer.remove(tensor)
    nodes = _in_order([*added, *graph.node], {tensor.name for tensor in graph.initializer}, graph)
    del graph.node[:]
    graph.node.extend(nodes)
    del graph.value_info[:]
    onnx.checker.check_model(model)
    onnx.save(model, str(target))


def _rounded(
    values: npt.NDArray[np.float32], axis: int
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    largest: npt.NDArray[np.float32] = np.abs(values).max(axis=axis, keepdims=True)
    scale = (np.maximum(largest, 1e-12) / 127).astype(np.float32)
    return np.rint(values / scale).astype(np.int8), scale


def _group(size: int) -> int:
    return GROUP if size % GROUP == 0 else size


def _shape(onnx: Any, name: str, shape: tuple[int, ...]) -> Any:
    return onnx.numpy_helper.from_array(np.array(shape, dtype=np.int64), f"{name}.shape")


def _tensors(onnx: Any, name: str, values: Any, scale: Any) -> list[Any]:
    return [
        onnx.numpy_helper.from_array(values, f"{name}.int8"),
        onnx.numpy_helper.from_array(scale, f"{name}.scale"),
    ]


def _looked_up(onnx: Any, gather: Any, name: str) -> list[Any]:
    """In place of a look-up in a table of floats: one in its int8, one in its scales."""
    found, which = gather.output[0], gather.input[1]
    gather.input[0] = f"{name}.int8"
    gather.output[0] = f"{found}.int8"
    return [
        onnx.helper.make_node("Gather", [f"{name}.scale", which], [f"{found}.scale"], axis=0),
        onnx.helper.make_node("Cast", [f"{found}.int8"], [f"{found}.wide"], to=1),
        onnx.helper.make_node("Mul", [f"{found}.wide", f"{found}.scale"], [f"{found}.parts"]),
        onnx.helper.make_node("Reshape", [f"{found}.parts", f"{name}.shape"], [found]),
    ]


def _in_order(nodes: list[Any], known: set[str], graph: Any) -> list[Any]:
    """The nodes, each after those whose results it takes."""
    known = known | {held.name for held in graph.input} | {""}
    ordered: list[Any] = []
    waiting = nodes
    while waiting:
        ready = [set(node.input) <= known for node in waiting]
        if not any(ready):
            raise RuntimeError(f"{waiting[0].op_type} takes a result that no node gives.")
        ordered += [node for node, now in zip(waiting, ready, strict=True) if now]
        waiting = [node for node, now in zip(waiting, ready, strict=True) if not now]
        known |= {name for node in ordered for name in node.output}
    return ordered
