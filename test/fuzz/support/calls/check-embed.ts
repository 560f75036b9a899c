import type { EmbedOptions, EmbedResult } from '../../../../lib/model/index.ts';
import { demand } from '../judge.ts';
import type { NaiveModel } from './naive-model.ts';
import type { NaiveRow } from './naive-rows.ts';
import { cut, windowsFromTheEnd } from './naive-rows.ts';

/** Sums of a few numbers of 24 bits in another order. */
const rounding = 1e-5;

function sameBits(a: Float32Array, b: Float32Array): boolean {
  return Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(Buffer.from(b.buffer, b.byteOffset, b.byteLength));
}

/** Vectors of windows, averaged by their tokens. */
async function average(
  model: NaiveModel,
  windows: readonly (readonly number[])[],
  pooling: 'last' | 'mean' | 'max',
  representation: 'hidden' | 'logits',
): Promise<Float64Array> {
  const tokens = windows.reduce((sum, { length }) => sum + length, 0);
  let result: Float64Array | undefined;
  for (const ids of windows) {
    const vector = await model.vector(ids, pooling, representation);
    result ??= new Float64Array(vector.length);
    for (const [i, value] of vector.entries()) result[i]! += (value * ids.length) / tokens;
  }
  return result!;
}

/** Every row is what the model says of its tokens alone: the same bits, or a weighted sum of such rows. */
export async function checkEmbedding(
  result: EmbedResult,
  expected: readonly NaiveRow[],
  { pooling = 'last', representation = 'hidden', overflow = 'last' }: EmbedOptions,
  { model, contextLength }: { model: NaiveModel; contextLength: number },
): Promise<void> {
  let at = 0;
  const next = () => {
    demand(at < result.rows.length, `there are ${result.rows.length} rows only`);
    return { info: result.rows[at]!, row: result.row(at++) };
  };
  for (const { ids, time, dropped } of expected) {
    const over = ids.length > contextLength;
    const used = overflow === 'mean' ? ids : cut(ids, contextLength, overflow === 'first' ? 'first' : 'last');
    if (pooling === 'none') {
      const vectors = used.length === 0 ? [] : await model.vectors(used, representation);
      for (const [i, vector] of vectors.entries()) {
        const { info, row } = next();
        demand(info.token?.id === used[i], `row ${at - 1} is of the token ${info.token?.id}, expected ${used[i]}`);
        demand(sameBits(row, vector), `row ${at - 1} has other bits than its token alone`);
      }
      continue;
    }
    const { info, row } = next();
    demand(info.time === time, `row ${at - 1} is of the time ${info.time}, expected ${time}`);
    demand(info.tokens === used.length, `row ${at - 1} rests on ${info.tokens} tokens, expected ${used.length}`);
    demand(info.dropped === dropped, `row ${at - 1} has ${info.dropped} dropped events, expected ${dropped}`);
    demand(info.truncated === (over && overflow !== 'mean'), `row ${at - 1} is truncated: ${info.truncated}`);
    if (used.length === 0)
      demand(
        row.every((value) => value === 0),
        `row ${at - 1} of nothing is not all zeros`,
      );
    else if (overflow === 'mean' && over) {
      const windows = windowsFromTheEnd(ids, contextLength);
      const vector = await average(model, windows, pooling, representation);
      const most = vector.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
      demand(
        vector.every((value, i) => Math.abs(value - row[i]!) <= rounding * most),
        `row ${at - 1} is not the mean of its windows`,
      );
    } else
      demand(
        sameBits(row, await model.vector(used, pooling, representation)),
        `row ${at - 1} has other bits than alone`,
      );
  }
  demand(at === result.rows.length, `there are ${result.rows.length} rows, expected ${at}`);
}
