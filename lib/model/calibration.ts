import { ClmbrError } from '../errors.ts';
import type { Patient } from '../types.ts';
import type { ClmbrModel } from './model.ts';

interface CosineOptions {
  /** Each vector's least cosine similarity to the one in F32. */
  minCosine: number;
  calibration: readonly Patient[] | undefined;
  signal: AbortSignal | undefined;
}

/** Timelines of the default calibration, and their longest length: about a thousand tokens. */
const count = 8;
const longest = 256;

/**
 * @param reference loads the same model in F32; it is disposed of here
 * @throws ClmbrError LOW_ACCURACY
 */
export async function assertCosine(
  model: ClmbrModel,
  reference: () => Promise<ClmbrModel>,
  { minCosine, calibration, signal }: CosineOptions,
): Promise<void> {
  const patients = calibration ?? drawnTimelines(model.info);
  const options = signal === undefined ? {} : { signal };
  const found = await model.embed(patients, options);
  await using exact = await reference();
  const expected = await exact.embed(patients, options);
  let worst = { cosine: Infinity, index: -1 };
  for (let index = 0; index < found.rows.length; index++) {
    const cosine = cosineOf(found.row(index), expected.row(index));
    // A comparison that NaN fails too.
    if (!(cosine >= worst.cosine)) worst = { cosine, index };
  }
  if (worst.cosine >= minCosine) return;
  throw new ClmbrError(
    'LOW_ACCURACY',
    `compute: expected int8 vectors with a cosine similarity of at least ${minCosine} to F32, found ${worst.cosine.toFixed(6)} ` +
      `(the lowest of ${found.rows.length} calibration timelines): load the model without int8, or lower \`minCosine\`.`,
    { details: { minCosine, cosine: worst.cosine, timelines: found.rows.length } },
  );
}

function cosineOf(a: Float32Array, b: Float32Array): number {
  let product = 0;
  let squareA = 0;
  let squareB = 0;
  for (let i = 0; i < a.length; i++) {
    product += a[i]! * b[i]!;
    squareA += a[i]! ** 2;
    squareB += b[i]! ** 2;
  }
  // A timeline without tokens is all zeros either way.
  return squareA === 0 && squareB === 0 ? 1 : product / Math.sqrt(squareA * squareB);
}

/** The same for every model of a size: half of the longest, one after the other a little longer, of tokens from the whole vocabulary. */
function drawnTimelines({ vocabularySize, contextLength }: ClmbrModel['info']): Int32Array[] {
  let state = 1;
  const next = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0);
  const most = Math.min(longest, contextLength);
  return Array.from({ length: count }, (_, i) =>
    Int32Array.from({ length: Math.ceil((most * (i + 1)) / count) }, () =>
      Math.floor((next() / 2 ** 32) * vocabularySize),
    ),
  );
}
