"""Trains the classifier of this example, and writes the pictures of all the digits examples.

Run it in this folder; it needs scikit-learn and onnx:

    python3 -m venv venv && venv/bin/pip install scikit-learn onnx && venv/bin/python train.py

Data: the handwritten digits that come with scikit-learn (UCI Optical Recognition of Handwritten Digits, CC BY 4.0),
1,797 pictures of 8x8 grey values. A quarter of them is kept back: the pictures under ../digits-data are all from that
quarter, so the model has not seen any of them.

model.onnx takes `pixels`, float32 [N, 64], row by row, 0 for black and 1 for white, and answers `scores`,
float32 [N, 10], which add up to 1.
"""

import pathlib
import struct
import zlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

HERE = pathlib.Path(__file__).resolve().parent
DATA = HERE.parent / "digits-data"
# Folder under digits-data, and how many pictures it gets.
SHARES = {"benchmark": 60, "data-owner-one": 40, "data-owner-two": 40}


def train(pixels, labels):
    model = MLPClassifier(hidden_layer_sizes=(48,), alpha=1e-2, max_iter=600, random_state=7)
    return model.fit(pixels, labels)


def to_onnx(model):
    (w1, w2), (b1, b2) = model.coefs_, model.intercepts_
    weights = {"w1": w1, "b1": b1, "w2": w2, "b2": b2}
    nodes = [
        helper.make_node("Gemm", ["pixels", "w1", "b1"], ["hidden"]),
        helper.make_node("Relu", ["hidden"], ["active"]),
        helper.make_node("Gemm", ["active", "w2", "b2"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["scores"], axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "digits",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["N", 64])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["N", 10])],
        [numpy_helper.from_array(value.astype(np.float32), name) for name, value in weights.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="strongroom-example")
    onnx.checker.check_model(made)
    return made


def write_png(path, grey):
    """Writes an 8x8 picture, 8 bits of grey each, without any compression filter."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    height, width = grey.shape
    rows = b"".join(b"\0" + row.tobytes() for row in grey)
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)


def write_share(name, pixels, labels):
    pictures, answers = DATA / name / "data", DATA / name / "labels"
    pictures.mkdir(parents=True, exist_ok=True)
    answers.mkdir(parents=True, exist_ok=True)
    lines = ["file,label"]
    for index, (picture, label) in enumerate(zip(pixels, labels)):
        file = f"{index:03}.png"
        write_png(pictures / file, (picture.reshape(8, 8) * 255).round().astype(np.uint8))
        lines.append(f"{file},{label}")
    (answers / "labels.csv").write_text("\n".join(lines) + "\n")


def main():
    digits = load_digits()
    train_x, test_x, train_y, test_y = train_test_split(
        digits.data / 16, digits.target, test_size=0.25, random_state=7, stratify=digits.target
    )
    model = train(train_x, train_y)
    print(f"accuracy on {len(test_y)} pictures that it has not seen: {model.score(test_x, test_y):.3f}")
    onnx.save(to_onnx(model), HERE / "model.onnx")
    start = 0
    for name, count in SHARES.items():
        write_share(name, test_x[start : start + count], test_y[start : start + count])
        start += count


if __name__ == "__main__":
    main()
