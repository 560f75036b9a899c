"""Writes the checkpoint as ONNX, operator by operator as onnxruntime's own generation builder would (fused norm, grouped-query attention
with rotation inside), without a head: export.py CHECKPOINT F32.onnx INT8.onnx. Inputs: ids padded on the right and each row's length."""

import json
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

FUSED = "com.microsoft"


def read_safetensors(path: Path) -> dict[str, np.ndarray]:
    """BF16 or F32 tensors in F32."""
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    tensors = {}
    for name, entry in json.loads(data[8 : 8 + length]).items():
        if name == "__metadata__":
            continue
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        if entry["dtype"] == "BF16":
            values = (np.frombuffer(data[begin:end], dtype="<u2").astype(np.uint32) << 16).view(np.float32)
        elif entry["dtype"] == "F32":
            values = np.frombuffer(data[begin:end], dtype="<f4")
        else:
            raise SystemExit(f"{name}: expected BF16 or F32, found {entry['dtype']}.")
        tensors[name] = values.reshape(entry["shape"])
    return tensors


def rotation(config: dict, head_size: int) -> tuple[np.ndarray, np.ndarray]:
    """Cosines and sines [context, head_size / 2] with the llama3 scaling, in F32 as transformers computes them."""
    exponents = np.arange(0, head_size, 2, dtype=np.float32) / np.float32(head_size)
    frequency = (1 / np.power(np.float32(config["rope_theta"]), exponents)).astype(np.float32)
    scaling = config.get("rope_scaling")
    if scaling:
        low, high, factor = (scaling[key] for key in ("low_freq_factor", "high_freq_factor", "factor"))
        original = scaling["original_max_position_embeddings"]
        wavelength = 2 * np.pi / frequency
        smooth = (original / wavelength - low) / (high - low)
        scaled = np.where(wavelength > original / low, frequency / factor, frequency)
        between = (wavelength <= original / low) & (wavelength >= original / high)
        blend = (1 - smooth) * frequency / factor + smooth * frequency
        frequency = np.where(between, blend, scaled).astype(np.float32)
    angles = np.outer(np.arange(config["max_position_embeddings"], dtype=np.float32), frequency).astype(np.float32)
    return np.cos(angles), np.sin(angles)


class Graph:
    def __init__(self) -> None:
        self.nodes, self.constants = [], []

    def constant(self, name: str, values: np.ndarray) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def add(self, operator: str, inputs: list[str], output: str, domain: str = "", **attributes) -> str:
        self.nodes.append(helper.make_node(operator, inputs, [output], name=output, domain=domain, **attributes))
        return output


def layer(g: Graph, weights: dict, config: dict, index: int, x: str) -> str:
    prefix, part = f"model.layers.{index}.", lambda name: f"layer{index}.{name}"
    epsilon = config["rms_norm_eps"]

    def norm(source: str, name: str, key: str) -> str:
        scale = g.constant(part(f"{name}.weight"), weights[f"{prefix}{key}.weight"])
        return g.add("SimplifiedLayerNormalization", [source, scale], part(name), axis=-1, epsilon=epsilon)

    def linear(source: str, name: str, key: str) -> str:
        matrix = g.constant(part(f"{name}.weight"), weights[f"{prefix}{key}.weight"].T)
        return g.add("MatMul", [source, matrix], part(name))

    normed = norm(x, "attention_norm", "input_layernorm")
    query, key, value = (linear(normed, name, f"self_attn.{name}_proj") for name in ("q", "k", "v"))
    g.nodes.append(
        helper.make_node(
            "GroupQueryAttention",
            [query, key, value, "", "", "last", "longest", "cosines", "sines"],
            [part("attended"), part("keys"), part("values")],
            name=part("attention"),
            domain=FUSED,
            num_heads=config["num_attention_heads"],
            kv_num_heads=config["num_key_value_heads"],
            do_rotary=1,
            rotary_interleaved=0,
        )
    )
    x = g.add("Add", [x, linear(part("attended"), "o", "self_attn.o_proj")], part("after_attention"))
    normed = norm(x, "feed_forward_norm", "post_attention_layernorm")
    gate, up = (linear(normed, name, f"mlp.{name}_proj") for name in ("gate", "up"))
    activated = g.add("QuickGelu", [gate], part("silu"), domain=FUSED, alpha=1.0)
    product = g.add("Mul", [activated, up], part("product"))
    return g.add("Add", [x, linear(product, "down", "mlp.down_proj")], part("out"))


def build(folder: Path) -> onnx.ModelProto:
    config = json.loads((folder / "config.json").read_text())
    weights = read_safetensors(folder / "model.safetensors")
    head_size = config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]
    g = Graph()
    for name, table in zip(("cosines", "sines"), rotation(config, head_size)):
        g.constant(name, table)
    g.constant("one", np.array([1], dtype=np.int32))
    g.constant("axis", np.array([1], dtype=np.int64))
    # Rows end at index length - 1, which is also what the attention calls seqlens_k.
    g.add("Sub", ["lengths", "one"], "last")
    g.add("Shape", ["ids"], "width64", start=1, end=2)
    g.add("Squeeze", ["width64"], "width_scalar")
    g.add("Cast", ["width_scalar"], "longest", to=TensorProto.INT32)
    x = g.add("Gather", [g.constant("embedding", weights["model.embed_tokens.weight"]), "ids"], "embedded")
    for index in range(config["num_hidden_layers"]):
        x = layer(g, weights, config, index, x)
    g.add("Cast", ["last"], "last64", to=TensorProto.INT64)
    g.add("Unsqueeze", ["last64", "axis"], "last_column")
    rows = g.add("GatherND", [x, "last_column"], "rows", batch_dims=1)
    scale = g.constant("norm.weight", weights["model.norm.weight"])
    g.add("SimplifiedLayerNormalization", [rows, scale], "vectors", axis=-1, epsilon=config["rms_norm_eps"])
    graph = helper.make_graph(
        g.nodes,
        "llama",
        [
            helper.make_tensor_value_info("ids", TensorProto.INT64, ["batch", "tokens"]),
            helper.make_tensor_value_info("lengths", TensorProto.INT32, ["batch"]),
        ],
        [helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["batch", config["hidden_size"]])],
        g.constants,
    )
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid(FUSED, 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10)


if __name__ == "__main__":
    folder, plain, quantised = (Path(argument) for argument in sys.argv[1:4])
    onnx.save(build(folder), plain)
    quantize_dynamic(
        plain,
        quantised,
        weight_type=QuantType.QInt8,
        per_channel=True,
        op_types_to_quantize=["MatMul"],
        extra_options={"DefaultTensorType": TensorProto.FLOAT},
    )
