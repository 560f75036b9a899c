import type { ClmbrModel } from '../../../../lib/model/index.ts';

/** Answers about one window of token ids at a time, each computed alone by a model that does nothing else. */
export class NaiveModel {
  readonly #model: ClmbrModel;

  constructor(model: ClmbrModel) {
    this.#model = model;
  }

  async vector(
    ids: readonly number[],
    pooling: 'last' | 'mean' | 'max',
    representation: 'hidden' | 'logits',
  ): Promise<Float32Array> {
    return (await this.#model.embed([[...ids]], { pooling, representation })).data;
  }

  /** The vector at every token: [tokens, width]. */
  async vectors(ids: readonly number[], representation: 'hidden' | 'logits'): Promise<Float32Array[]> {
    const { data, rows, dimensions } = await this.#model.embed([[...ids]], { pooling: 'none', representation });
    return rows.map((_, i) => data.slice(i * dimensions, (i + 1) * dimensions));
  }

  /** Log-probabilities of what comes after each token. */
  async logProbs(ids: readonly number[]): Promise<Float64Array[]> {
    return (await this.vectors(ids, 'logits')).map(logSoftmax);
  }
}

function logSoftmax(logits: Float32Array): Float64Array {
  const most = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  const sum = logits.reduce((total, one) => total + Math.exp(one - most), 0);
  return Float64Array.from(logits, (one) => one - most - Math.log(sum));
}
