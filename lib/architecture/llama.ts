import type { RopeSettings } from './rope.ts';

/** What defines a Llama decoder, whatever file it came from. */
export interface LlamaHyperparameters {
  /** Longest timeline in tokens. */
  contextLength: number;
  hiddenSize: number;
  layerCount: number;
  headCount: number;
  kvHeadCount: number;
  /** Elements of one head; `headCount * headSize` need not be `hiddenSize`. */
  headSize: number;
  feedForwardSize: number;
  vocabularySize: number;
  /** As F32, the precision in which it is used. */
  rmsNormEpsilon: number;
  /** The token embedding serves as the output matrix too. */
  tiedEmbeddings: boolean;
  rope: RopeSettings;
  bosId?: number;
  eosId?: number;
}

export type TensorRole =
  | 'tokenEmbedding'
  | 'attentionNorm'
  | 'query'
  | 'key'
  | 'value'
  | 'attentionOutput'
  | 'feedForwardNorm'
  | 'gate'
  | 'up'
  | 'down'
  | 'outputNorm'
  | 'output';

export interface LlamaTensor {
  role: TensorRole;
  /** From 0; absent where a tensor belongs to no layer. */
  layer?: number;
  /** llama.cpp's name. */
  ggufName: string;
  /** Name in a Hugging Face checkpoint. */
  hfName: string;
  /** `[rows, columns]`, or `[elements]` for the weights of a norm. */
  shape: number[];
  /** Heads whose rows llama.cpp's converter reorders; 0 where it leaves them. */
  permutedHeads: number;
}

/** llama.cpp's name for the divisors of the rotation frequencies. */
export const ropeFactorsName = 'rope_freqs.weight';

function layerTensors(h: LlamaHyperparameters, layer: number): LlamaTensor[] {
  const query = h.headCount * h.headSize;
  const keyValue = h.kvHeadCount * h.headSize;
  const tensor = (role: TensorRole, gguf: string, hf: string, shape: number[], permutedHeads = 0): LlamaTensor => ({
    role,
    layer,
    ggufName: `blk.${layer}.${gguf}.weight`,
    hfName: `model.layers.${layer}.${hf}.weight`,
    shape,
    permutedHeads,
  });
  return [
    tensor('attentionNorm', 'attn_norm', 'input_layernorm', [h.hiddenSize]),
    tensor('query', 'attn_q', 'self_attn.q_proj', [query, h.hiddenSize], h.headCount),
    tensor('key', 'attn_k', 'self_attn.k_proj', [keyValue, h.hiddenSize], h.kvHeadCount),
    tensor('value', 'attn_v', 'self_attn.v_proj', [keyValue, h.hiddenSize]),
    tensor('attentionOutput', 'attn_output', 'self_attn.o_proj', [h.hiddenSize, query]),
    tensor('feedForwardNorm', 'ffn_norm', 'post_attention_layernorm', [h.hiddenSize]),
    tensor('gate', 'ffn_gate', 'mlp.gate_proj', [h.feedForwardSize, h.hiddenSize]),
    tensor('up', 'ffn_up', 'mlp.up_proj', [h.feedForwardSize, h.hiddenSize]),
    tensor('down', 'ffn_down', 'mlp.down_proj', [h.hiddenSize, h.feedForwardSize]),
  ];
}

/**
 * Every weight that the hyper-parameters imply, in the order in which the converter writes them. The `output` matrix is left
 * out when embeddings are tied; so is {@link ropeFactorsName}, which is derived and not a weight.
 */
export function llamaTensors(h: LlamaHyperparameters): LlamaTensor[] {
  const single = (role: TensorRole, ggufName: string, hfName: string, shape: number[]): LlamaTensor => ({
    role,
    ggufName: `${ggufName}.weight`,
    hfName: `${hfName}.weight`,
    shape,
    permutedHeads: 0,
  });
  const matrix = [h.vocabularySize, h.hiddenSize];
  return [
    single('tokenEmbedding', 'token_embd', 'model.embed_tokens', matrix),
    ...Array.from({ length: h.layerCount }, (_, layer) => layerTensors(h, layer)).flat(),
    single('outputNorm', 'output_norm', 'model.norm', [h.hiddenSize]),
    ...(h.tiedEmbeddings ? [] : [single('output', 'output', 'lm_head', matrix)]),
  ];
}

/** Number of weights that the hyper-parameters imply, without listing them. */
export function parameterCount(h: LlamaHyperparameters): number {
  const attention = (2 * h.headCount + 2 * h.kvHeadCount) * h.headSize * h.hiddenSize;
  const layer = attention + 3 * h.feedForwardSize * h.hiddenSize + 2 * h.hiddenSize;
  return h.layerCount * layer + h.hiddenSize + (h.tiedEmbeddings ? 1 : 2) * h.vocabularySize * h.hiddenSize;
}
