"""The shape of the demo model: llama-base-4096-clmbr made small. Every row length is a multiple of 32, so that Q8_0 fits too."""

from transformers import LlamaConfig, LlamaForCausalLM

from vocabulary import BOS, EOS

CONTEXT = 512


def config_for(vocabulary_size: int) -> LlamaConfig:
    return LlamaConfig(
        vocab_size=vocabulary_size,
        hidden_size=128,
        intermediate_size=352,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=32,
        max_position_embeddings=CONTEXT,
        rms_norm_eps=1e-5,
        rope_theta=500000.0,
        rope_scaling={
            "factor": 8.0,
            "high_freq_factor": 4.0,
            "low_freq_factor": 1.0,
            "original_max_position_embeddings": CONTEXT,
            "rope_type": "llama3",
        },
        tie_word_embeddings=False,
        attention_bias=False,
        mlp_bias=False,
        hidden_act="silu",
        bos_token_id=BOS,
        eos_token_id=EOS,
        use_cache=False,
    )


def new_model(vocabulary_size: int) -> LlamaForCausalLM:
    return LlamaForCausalLM(config_for(vocabulary_size))
