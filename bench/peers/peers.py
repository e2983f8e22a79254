"""Peers of longtake's kernels: PyTorch, ONNX Runtime and OpenBLAS on request.

One JSON object a line on stdin and stdout:
  {"op": "load", "id": 1, "impl": NAME, sizes, "files": {"a": ..., "out": ...}} -> {"name": ...}
  {"op": "run", "id": 1, "reps": 3} -> {"seconds": of all reps, "cpu_seconds": ...}
  {"op": "unload"} -> {}
Files are little-endian float32. load computes once (which compiles what is compiled)
and writes the result, so that longtake can check it before it is timed. Whatever fails
is {"error": ...}.
"""

import json
import math
import os
import sys
import time

import numpy as np

THREADS = int(sys.argv[1])


def floats(path, *shape):
    return np.fromfile(path, dtype="<f4").reshape(shape)


def torch_module():
    import torch

    torch.set_num_threads(THREADS)
    torch.set_grad_enabled(False)
    return torch


def session(model):
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = THREADS
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # idle threads leave the cores to the others
    return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def onnx_model(nodes, inputs, output, constants=(), domains=()):
    import onnx
    from onnx import TensorProto, helper

    info = lambda name, shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
    graph = helper.make_graph(nodes, "peer", [info(n, s) for n, s in inputs], [info(*output)], list(constants))
    opsets = [helper.make_opsetid("", 17)] + [helper.make_opsetid(d, 1) for d in domains]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    onnx.checker.check_model(model)
    return model


def bound(sess, feeds):
    """A call whose inputs and output are bound once."""
    import onnxruntime as ort

    io = sess.io_binding()
    keep = []
    for name, value in feeds.items():
        v = ort.OrtValue.ortvalue_from_numpy(value)
        keep.append(v)
        io.bind_ortvalue_input(name, v)
    io.bind_output("y", "cpu")

    def run():
        sess.run_with_iobinding(io)
        return keep and io

    return run, lambda: io.copy_outputs_to_cpu()[0]


def openblas_sgemm(c):
    a, b = floats(c["files"]["a"], c["m"], c["k"]), floats(c["files"]["b"], c["n"], c["k"])
    w = np.ascontiguousarray(b.T)
    y = np.empty((c["m"], c["n"]), np.float32)
    core = os.environ.get("OPENBLAS_CORETYPE", "its own choice")
    config = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    if "openblas" not in config["name"].lower():
        raise RuntimeError("this NumPy is built with %s, not with OpenBLAS" % config["name"])
    return "OpenBLAS %s (%s)" % (config["version"].split(".dev")[0], core), lambda: np.matmul(a, w, out=y), lambda: y


def torch_mm(c):
    torch = torch_module()
    a = torch.from_numpy(floats(c["files"]["a"], c["m"], c["k"]))
    w = torch.from_numpy(floats(c["files"]["b"], c["n"], c["k"])).t().contiguous()
    y = torch.empty(c["m"], c["n"])
    return "PyTorch %s mm" % torch.__version__, lambda: torch.mm(a, w, out=y), lambda: y.numpy()


def onnxruntime_matmul(c):
    import onnxruntime as ort
    from onnx import helper, numpy_helper

    a, b = floats(c["files"]["a"], c["m"], c["k"]), floats(c["files"]["b"], c["n"], c["k"])
    model = onnx_model([helper.make_node("MatMul", ["a", "w"], ["y"])], [("a", a.shape)], ("y", [c["m"], c["n"]]),
                       [numpy_helper.from_array(np.ascontiguousarray(b.T), "w")])
    return ("ONNX Runtime %s MatMul" % ort.__version__,) + bound(session(model), {"a": a})


def qkv(c):
    return [floats(c["files"][k], c["heads"], c["tokens"], c["dim"]) for k in "abc"]


def torch_sdpa(c):
    torch = torch_module()
    q, k, v = [torch.from_numpy(x)[None] for x in qkv(c)]
    out = [None]

    def run():
        out[0] = torch.nn.functional.scaled_dot_product_attention(q, k, v)

    return "PyTorch %s sdpa" % torch.__version__, run, lambda: out[0][0].contiguous().numpy()


def onnxruntime_attention(c):
    import onnxruntime as ort
    from onnx import helper, numpy_helper

    q, k, v = qkv(c)
    scale = numpy_helper.from_array(np.float32(1 / math.sqrt(c["dim"])), "scale")
    nodes = [
        helper.make_node("Transpose", ["k"], ["kt"], perm=[0, 2, 1]),
        helper.make_node("MatMul", ["q", "kt"], ["s"]),
        helper.make_node("Mul", ["s", "scale"], ["t"]),
        helper.make_node("Softmax", ["t"], ["p"], axis=-1),
        helper.make_node("MatMul", ["p", "v"], ["y"]),
    ]
    model = onnx_model(nodes, [("q", q.shape), ("k", k.shape), ("v", v.shape)], ("y", q.shape), [scale])
    return ("ONNX Runtime %s MatMul, Softmax" % ort.__version__,) + bound(session(model), {"q": q, "k": k, "v": v})


def onnxruntime_mha(c):
    import onnxruntime as ort
    from onnx import helper

    n, h, d = c["tokens"], c["heads"], c["dim"]
    q, k, v = [np.ascontiguousarray(x.transpose(1, 0, 2)).reshape(1, n, h * d) for x in qkv(c)]
    node = helper.make_node("MultiHeadAttention", ["q", "k", "v"], ["y"], domain="com.microsoft", num_heads=h)
    model = onnx_model([node], [("q", q.shape), ("k", k.shape), ("v", v.shape)], ("y", q.shape), domains=["com.microsoft"])
    run, result = bound(session(model), {"q": q, "k": k, "v": v})
    return "ONNX Runtime %s MultiHeadAttention" % ort.__version__, run, lambda: np.ascontiguousarray(result().reshape(n, h, d).transpose(1, 0, 2))


def flex_block(per):
    """Blocks that fall on frames: the greatest part of a frame up to 320 tokens.

    No block is then seen in part, which costs flex_attention most: blocks of 128 took 2.4 times as long at
    16 tokens a frame and 1.9 times at 64. Of the parts of 1560 tokens, 312 was the fastest."""
    part = max(d for d in range(1, min(per, 320) + 1) if per % d == 0)
    return part if part >= min(per, 32) else 128


def torch_flex(c):
    torch = torch_module()
    from torch.nn.attention import flex_attention as fa

    frames, per, n = len(c["attended"]), c["tokens_per_frame"], c["tokens"]
    table = np.zeros((frames, frames), bool)
    for f, keys in enumerate(c["attended"]):
        table[f, keys] = True
    size = flex_block(per)
    blocks = -(-n // size)
    first, last = np.arange(blocks) * size // per, (np.minimum((np.arange(blocks) + 1) * size, n) - 1) // per
    lists = {True: [], False: []}
    for i in range(blocks):
        rows = table[first[i]:last[i] + 1]
        every = np.concatenate([[0], np.cumsum(rows.all(0))])
        some = np.concatenate([[0], np.cumsum(rows.any(0))])
        whole = every[last + 1] - every[first] == last + 1 - first
        whole[-1] &= n % size == 0
        seen = some[last + 1] - some[first] > 0
        lists[True].append(np.flatnonzero(whole))
        lists[False].append(np.flatnonzero(seen & ~whole))

    def csr(rows):
        counts = torch.tensor([len(r) for r in rows], dtype=torch.int32)[None, None]
        index = torch.zeros(1, 1, blocks, blocks, dtype=torch.int32)
        for i, r in enumerate(rows):
            index[0, 0, i, :len(r)] = torch.from_numpy(r.astype(np.int32))
        return counts, index

    frame = torch.arange(n) // per
    seen = torch.from_numpy(table)

    def mask(b, h, i, j):
        return seen[frame[i], frame[j]]

    partial, full = csr(lists[False]), csr(lists[True])
    block_mask = fa.BlockMask.from_kv_blocks(*partial, *full, BLOCK_SIZE=(size, size), mask_mod=mask, seq_lengths=(n, n))
    torch._dynamo.reset()  # it stops compiling after some shapes of one function
    flex = torch.compile(fa.flex_attention, dynamic=False, fullgraph=True)
    q, k, v = [torch.from_numpy(x)[None] for x in qkv(c)]
    out = [None]

    def run():
        out[0] = flex(q, k, v, block_mask=block_mask)

    return "PyTorch %s flex_attention (blocks of %d)" % (torch.__version__, size), run, lambda: out[0][0].contiguous().numpy()


IMPLS = {
    "openblas-sgemm": openblas_sgemm, "torch-mm": torch_mm, "onnxruntime-matmul": onnxruntime_matmul,
    "torch-sdpa": torch_sdpa, "onnxruntime-attention": onnxruntime_attention, "onnxruntime-mha": onnxruntime_mha, "torch-flex": torch_flex,
}


def main():
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print does not mix with answers
    loaded = {}
    for line in sys.stdin:
        try:
            c = json.loads(line)
            if c["op"] == "load":
                name, run, result = IMPLS[c["impl"]](c)
                run()
                np.ascontiguousarray(result(), dtype="<f4").tofile(c["files"]["out"])
                loaded[c["id"]] = run
                reply = {"name": name}
            elif c["op"] == "run":
                run, start, cpu = loaded[c["id"]], time.perf_counter(), time.process_time()
                for _ in range(c["reps"]):
                    run()
                reply = {"seconds": time.perf_counter() - start, "cpu_seconds": time.process_time() - cpu}
            else:
                loaded.clear()
                reply = {}
        except Exception as e:  # a peer that cannot do a case has no row
            text = " ".join(str(e).split())
            if len(text) > 3000:  # a compiler says at the end what was wrong
                text = text[:1000] + " ... " + text[-2000:]
            reply = {"error": "%s: %s" % (type(e).__name__, text)}
        answers.write(json.dumps(reply) + "\n")
        answers.flush()


main()
