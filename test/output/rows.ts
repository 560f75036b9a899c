import { createRowWriter } from '../../lib/output/index.ts';
import type { LabelName, LabelValue, OutputMetadata, OutputRow, OutputSettings } from '../../lib/output/index.ts';
import { seededRandom } from '../support/random.ts';

/** What a run says of itself, for tests. */
export const runMetadata: OutputMetadata = {
  clmbr: '0.0.0',
  model: { sha256: 'ab' },
  settings: { pooling: 'last', at: 'Zoë' },
  report: 'x.report.json',
};

export interface Samples {
  rows: OutputRow[];
  /** All vectors. */
  data: Float32Array;
  dimensions: number;
}

const values: Record<LabelName, (i: number) => LabelValue> = {
  boolean_value: (i) => i % 3 === 0,
  integer_value: (i) => 2n ** 62n - BigInt(i),
  float_value: (i) => i / 7,
  categorical_value: (i) => ['no', 'yes', 'Zoë 😀'][i % 3]!,
};

/** Rows with everything that a column may hold. */
export function sampleRows(
  count: number,
  dimensions: number,
  options: { ids?: 'number' | 'text'; label?: LabelName; missing?: boolean } = {},
): Samples {
  const { ids = 'number', label, missing = false } = options;
  const random = seededRandom(count + dimensions);
  const rows = Array.from({ length: count }, (_, i): OutputRow => {
    const patient = ids === 'number' ? 2n ** 60n + BigInt(i >> 1) : `patient ${'é'.repeat(i % 4)}${i >> 1}`;
    const time = i % 5 === 0 ? null : 1_577_872_800_123_456n + BigInt(i) * 86_400_000_001n;
    const row: OutputRow = { patient, time, tokens: i % 512, truncated: i % 4 === 0, dropped: i % 7 };
    if (label !== undefined) row.label = missing && i % 6 === 1 ? null : values[label](i);
    return row;
  });
  const data = Float32Array.from({ length: count * dimensions }, () => random() * 4 - 2);
  return { rows, data, dimensions };
}

/** A permutation that depends on its length alone. */
export function shuffled(count: number, seed = 1): number[] {
  const random = seededRandom(seed);
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

/** Writes the samples that are named, in the order of their names, each to its own place. */
export async function writeSamples(
  path: string,
  { rows, data, dimensions }: Samples,
  settings: OutputSettings,
  order: readonly number[] = rows.map((_, i) => i),
  step = 37,
): Promise<void> {
  const writer = await createRowWriter(path, { dimensions, ...settings });
  for (let from = 0; from < order.length; from += step) {
    const part = order.slice(from, from + step);
    const vectors = new Float32Array(part.length * dimensions);
    for (const [i, row] of part.entries())
      vectors.set(data.subarray(row * dimensions, (row + 1) * dimensions), i * dimensions);
    await writer.append({ rows: part.map((row) => rows[row]!), data: vectors, dimensions }, part);
  }
  await writer.commit();
}
