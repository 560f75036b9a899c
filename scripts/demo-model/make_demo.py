"""Makes everything of the demo model: vocabulary, data, trained checkpoint, measured numbers, demo patients and their truth.

usage: make_demo.py --out FOLDER [--stages vocabulary,timelines,train,evaluate,demo,compare] [--workers 2] [--threads 2] [--steps 2000]

Stages read what earlier ones left in FOLDER, so each can be run again alone.
"""

import argparse
import json
import os
import time
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # threads that wait without spinning: several times faster on a shared machine

import numpy as np
import torch
from safetensors.torch import save_file

import dataset
from compare import compare
from demo_patients import make_patients
from evaluate import evaluate
from model import config_for
from train import train
from vocabulary import Tokenizer

STAGES = ("vocabulary", "timelines", "train", "evaluate", "demo", "compare")


def write_json(path: Path, value, indent: int | None = 1) -> None:
    path.write_text(json.dumps(value, indent=indent) + "\n", encoding="utf-8")


def update_metrics(out: Path, part: dict) -> None:
    path = out / "metrics.json"
    metrics = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    write_json(path, metrics | part)


def make_vocabulary(out: Path, options) -> None:
    config = dataset.training_vocabulary(options.workers)
    (out / "checkpoint").mkdir(parents=True, exist_ok=True)
    write_json(out / "checkpoint" / "tokenizer_config.json", config, indent=2)
    kinds = [token["type"] for token in config["tokens"]]
    update_metrics(
        out,
        {
            "vocabulary": {
                "tokens": len(kinds),
                "codes": len({t["code"] for t in config["tokens"]}),
                **{kind: kinds.count(kind) for kind in sorted(set(kinds))},
            }
        },
    )


def make_timelines(out: Path, options) -> None:
    tokenizer = Tokenizer.load(out / "checkpoint" / "tokenizer_config.json")
    for part in ("train", "validation", "test"):
        lines = dataset.timelines(part, tokenizer, options.workers)
        np.savez_compressed(out / f"{part}.npz", ids=np.concatenate(lines), lengths=np.asarray([len(line) for line in lines]))
        update_metrics(
            out, {f"{part}_lengths": dataset.length_quantiles(lines) | {"patients": len(lines), "tokens": int(sum(map(len, lines)))}}
        )


def load_timelines(out: Path, part: str) -> list[np.ndarray]:
    with np.load(out / f"{part}.npz") as file:
        return np.split(file["ids"], np.cumsum(file["lengths"])[:-1])


def make_checkpoint(out: Path, options) -> None:
    tokenizer = Tokenizer.load(out / "checkpoint" / "tokenizer_config.json")
    begun = time.time()
    model, history = train(
        load_timelines(out, "train"),
        load_timelines(out, "validation"),
        tokenizer.size,
        options.steps,
        options.threads,
        log=lambda x: print(x, flush=True),
    )
    weights = {name: value.detach().to(torch.float16).contiguous() for name, value in model.state_dict().items()}
    save_file(weights, out / "checkpoint" / "model.safetensors", metadata={"format": "pt"})
    config = config_for(tokenizer.size).to_dict() | {"architectures": ["LlamaForCausalLM"], "torch_dtype": "float16"}
    write_json(out / "checkpoint" / "config.json", {k: v for k, v in config.items() if k in CONFIG_KEYS}, indent=2)
    parameters = sum(value.numel() for value in weights.values())
    update_metrics(
        out,
        {
            "training": {
                "steps": options.steps,
                "threads": options.threads,
                "seconds": round(time.time() - begun),
                "parameters": parameters,
                "tokens": history[-1]["tokens"],
                "validation_loss": history[-1]["validation"],
                "history": [h for h in history if "validation" in h],
            }
        },
    )


CONFIG_KEYS = {
    "architectures",
    "attention_bias",
    "attention_dropout",
    "bos_token_id",
    "eos_token_id",
    "head_dim",
    "hidden_act",
    "hidden_size",
    "initializer_range",
    "intermediate_size",
    "max_position_embeddings",
    "mlp_bias",
    "model_type",
    "num_attention_heads",
    "num_hidden_layers",
    "num_key_value_heads",
    "pretraining_tp",
    "rms_norm_eps",
    "rope_scaling",
    "rope_theta",
    "tie_word_embeddings",
    "torch_dtype",
    "transformers_version",
    "use_cache",
    "vocab_size",
}
"""The keys of the released config.json; transformers' own defaults for generation are left out."""


def make_metrics(out: Path, options) -> None:
    update_metrics(
        out, evaluate(out / "checkpoint", load_timelines(out, "train"), load_timelines(out, "test"), options.workers, options.threads)
    )


def make_demo(out: Path, options) -> None:
    update_metrics(out, {"demo": make_patients(out, Tokenizer.load(out / "checkpoint" / "tokenizer_config.json"), options.workers)})


def make_comparison(out: Path, options) -> None:
    update_metrics(out, {"next_event_against_truth": compare(out, load_timelines(out, "train"), options.threads)})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--stages", default=",".join(STAGES))
    parser.add_argument("--workers", type=int, default=2, help="processes that simulate patients")
    parser.add_argument(
        "--threads", type=int, default=2, help="threads of the training; results differ in the last digits with another number"
    )
    parser.add_argument("--steps", type=int, default=2000, help="training steps")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    run = dict(zip(STAGES, (make_vocabulary, make_timelines, make_checkpoint, make_metrics, make_demo, make_comparison), strict=True))
    for stage in options.stages.split(","):
        begun = time.time()
        run[stage](options.out, options)
        print(f"{stage}: {time.time() - begun:.0f} s", flush=True)


if __name__ == "__main__":
    main()
