/** How positions turn into angles. `factors` are divisors, one for each frequency, from a GGUF file of another converter. */
export type RopeScaling =
  | { type: 'default' }
  | { type: 'linear'; factor: number }
  | {
      type: 'llama3';
      factor: number;
      lowFreqFactor: number;
      highFreqFactor: number;
      /** Context of the training before frequencies were rescaled, in tokens. */
      originalContextLength: number;
    }
  | { type: 'factors'; factors: Float32Array };

export interface RopeSettings {
  theta: number;
  scaling: RopeScaling;
}

type Llama3Scaling = Extract<RopeScaling, { type: 'llama3' }>;

/** Every step below is rounded to F32: the reference computes so, and exact frequencies give measurably different vectors. */
const f32 = Math.fround;
const twoPi = f32(2 * Math.PI);

function llama3Frequency(frequency: number, s: Llama3Scaling): number {
  // PyTorch divides a number by a tensor as `reciprocal(tensor) * number`, two roundings.
  const wavelength = f32(f32(1 / frequency) * twoPi);
  if (wavelength > f32(s.originalContextLength / s.lowFreqFactor)) return f32(frequency / f32(s.factor));
  if (wavelength < f32(s.originalContextLength / s.highFreqFactor)) return frequency;
  const turns = f32(f32(1 / wavelength) * f32(s.originalContextLength));
  const smooth = f32(f32(turns - f32(s.lowFreqFactor)) / f32(s.highFreqFactor - s.lowFreqFactor));
  const scaled = f32(f32(f32(1 - smooth) * frequency) / f32(s.factor));
  return f32(scaled + f32(smooth * frequency));
}

/**
 * The rotation frequencies of one head: element i turns by `position * result[i]` radians per token.
 *
 * The arithmetic is that of transformers 4.48.2 with PyTorch on a CPU, step by step. With head sizes up to 64 the result
 * is the same in every bit; beyond, PyTorch's vectorised `pow` is sometimes one unit in the last place off the correctly
 * rounded power that is computed here (fewer than 1 in 100 frequencies).
 *
 * @returns headSize / 2 frequencies in radians per token
 */
export function inverseFrequencies(h: { headSize: number; rope: RopeSettings }): Float32Array {
  const { theta, scaling } = h.rope;
  return Float32Array.from({ length: h.headSize / 2 }, (_, i) => {
    const frequency = f32(1 / f32(Math.pow(f32(theta), f32((2 * i) / h.headSize))));
    switch (scaling.type) {
      case 'default':
        return frequency;
      case 'linear':
        return f32(frequency / f32(scaling.factor));
      case 'llama3':
        return llama3Frequency(frequency, scaling);
      case 'factors':
        return f32(frequency / scaling.factors[i]!);
    }
  });
}

/**
 * The divisors by which llama.cpp expresses the llama3 rule (`rope_freqs.weight`): headSize / 2 values in F32, computed as its
 * converter does.
 */
export function llama3Factors(headSize: number, theta: number, s: Llama3Scaling): Float32Array {
  return Float32Array.from({ length: headSize / 2 }, (_, i) => {
    const frequency = f32(1 / f32(Math.pow(f32(theta), f32((2 * i) / headSize))));
    const wavelength = f32(f32(1 / frequency) * twoPi);
    if (wavelength < f32(s.originalContextLength / s.highFreqFactor)) return 1;
    if (wavelength > f32(s.originalContextLength / s.lowFreqFactor)) return s.factor;
    const turns = f32(f32(1 / wavelength) * f32(s.originalContextLength));
    const smooth = f32(f32(turns - f32(s.lowFreqFactor)) / f32(s.highFreqFactor - s.lowFreqFactor));
    return f32(1 / f32(f32(f32(1 - smooth) / f32(s.factor)) + smooth));
  });
}
