import { clmbrFormatVersion } from '../architecture/gguf-hyperparameters.ts';
import type { LlamaHyperparameters } from '../architecture/llama.ts';
import type { RopeSettings } from '../architecture/rope.ts';
import type { VocabularyTables } from '../gguf/types.ts';
import { vocabularyMetadata } from '../gguf/vocabulary.ts';
import type { GgufEntry } from '../gguf/writer.ts';
import { ggufAlignment } from '../gguf/writer.ts';
import type { WeightType } from '../types.ts';
import type { Provenance } from './model-card.ts';

/** llama.cpp's numbers for "all tensors" (F32) or "most tensors" of a type. */
const fileTypes: Record<WeightType, number> = { F32: 0, F16: 1, Q8_0: 7, BF16: 32 };

/** The layout of quantised blocks that ggml has had since 2023. */
const quantizationVersion = 2;

export interface SourceDigest {
  name: string;
  /** SHA-256, hexadecimal. */
  sha256: string;
}

export interface MetadataInput {
  hyperparameters: LlamaHyperparameters;
  type: WeightType;
  provenance: Provenance;
  sources: readonly SourceDigest[];
  vocabulary: VocabularyTables | null;
}

const text = (key: string, value: string): GgufEntry => ({ key, type: 'STRING', value });
const uint32 = (key: string, value: number): GgufEntry => ({ key, type: 'UINT32', value });
const float32 = (key: string, value: number): GgufEntry => ({ key, type: 'FLOAT32', value });
const float64 = (key: string, value: number): GgufEntry => ({ key, type: 'FLOAT64', value });

function generalEntries({ type, provenance, hyperparameters: h }: MetadataInput): GgufEntry[] {
  return [
    text('general.architecture', 'llama'),
    text('general.type', 'model'),
    text('general.name', provenance.name ?? `llama-${h.layerCount}x${h.hiddenSize}`),
    ...(provenance.license === undefined ? [] : [text('general.license', provenance.license)]),
    ...(provenance.source === undefined ? [] : [text('general.source.url', provenance.source)]),
    uint32('general.alignment', ggufAlignment),
    uint32('general.file_type', fileTypes[type]),
    uint32('general.quantization_version', quantizationVersion),
  ];
}

function llamaEntries(h: LlamaHyperparameters): GgufEntry[] {
  const { scaling } = h.rope;
  const linear = [
    text('llama.rope.scaling.type', 'linear'),
    ...(scaling.type === 'linear' ? [float32('llama.rope.scaling.factor', scaling.factor)] : []),
  ];
  return [
    uint32('llama.vocab_size', h.vocabularySize),
    uint32('llama.context_length', h.contextLength),
    uint32('llama.embedding_length', h.hiddenSize),
    uint32('llama.block_count', h.layerCount),
    uint32('llama.feed_forward_length', h.feedForwardSize),
    uint32('llama.attention.head_count', h.headCount),
    uint32('llama.attention.head_count_kv', h.kvHeadCount),
    uint32('llama.attention.key_length', h.headSize),
    uint32('llama.attention.value_length', h.headSize),
    float32('llama.attention.layer_norm_rms_epsilon', h.rmsNormEpsilon),
    uint32('llama.rope.dimension_count', h.headSize),
    float32('llama.rope.freq_base', h.rope.theta),
    // The llama3 rule has no name in llama.cpp: it is the divisors in rope_freqs.weight.
    ...(scaling.type === 'linear' ? linear : []),
  ];
}

/** The rule of the rotation in full, in double precision: llama.cpp's keys cannot express it exactly. */
function ropeEntries({ scaling }: RopeSettings): GgufEntry[] {
  const entries = [uint32('clmbr.format_version', clmbrFormatVersion), text('clmbr.rope.type', scaling.type)];
  if (scaling.type === 'linear' || scaling.type === 'llama3')
    entries.push(float64('clmbr.rope.factor', scaling.factor));
  if (scaling.type === 'llama3') {
    entries.push(
      float64('clmbr.rope.low_freq_factor', scaling.lowFreqFactor),
      float64('clmbr.rope.high_freq_factor', scaling.highFreqFactor),
      uint32('clmbr.rope.original_context_length', scaling.originalContextLength),
    );
  }
  return entries;
}

/** The metadata of a converted model, in a fixed order; nothing in it depends on when or where it was converted. */
export function modelMetadata(input: MetadataInput): GgufEntry[] {
  const { hyperparameters: h, sources, vocabulary } = input;
  return [
    ...generalEntries(input),
    ...llamaEntries(h),
    // Tokens are coded events, not pieces of text: llama.cpp has no tokenizer for them and works on ids.
    text('tokenizer.ggml.model', 'none'),
    ...(h.bosId === undefined ? [] : [uint32('tokenizer.ggml.bos_token_id', h.bosId)]),
    ...(h.eosId === undefined ? [] : [uint32('tokenizer.ggml.eos_token_id', h.eosId)]),
    ...ropeEntries(h.rope),
    { key: 'clmbr.source.files', type: 'ARRAY', value: sources.map((source) => source.name) },
    { key: 'clmbr.source.sha256', type: 'ARRAY', value: sources.map((source) => source.sha256) },
    ...(vocabulary === null ? [] : vocabularyMetadata(vocabulary)),
  ];
}
