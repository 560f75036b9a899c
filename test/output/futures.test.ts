import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { createFutureWriter } from '../../lib/output/index.ts';
import type { WritableFuture } from '../../lib/output/index.ts';
import { expectClmbrError } from '../support/expect-error.ts';
import { temporaryFolder } from '../support/temporary.ts';

const folder = await temporaryFolder();
const history = { tokens: 12, truncated: true, dropped: 3 };
const futures: WritableFuture[] = [
  {
    ...{ sample: 0, stopReason: 'eos', history },
    events: [
      { id: 9, logProb: -0.5, token: 'LOINC/1 || None || 0.0 - 2.0', code: 'LOINC/1' },
      { id: 1, logProb: -3.25, token: '[EOS]' },
    ],
  },
  { sample: 1, events: [], stopReason: 'context', history },
];

async function write(path: string, patients: (number | bigint | string)[]): Promise<void> {
  const writer = await createFutureWriter(path);
  for (const patient of patients)
    for (const future of futures)
      await writer.append({ patient, time: patient === patients[0] ? null : '2020-01-01T10:00:00.123456Z' }, future);
  expect(await readdir(folder)).not.toContain(path);
  expect((await writer.commit()).futures).toBe(2 * patients.length);
}

async function read(path: string) {
  const parsers = { timestampFromMicroseconds: (microseconds: bigint) => microseconds };
  return parquetReadObjects({ file: await asyncBufferFromFile(path), parsers });
}

describe('futures', () => {
  it('are rows of events in a Parquet file', async () => {
    const path = join(folder, 'x.parquet');
    await write(path, [7, 2n ** 60n]);
    const rows = await read(path);
    const common = { sample: 0, stop_reason: 'eos', ...history };
    const owner = { subject_id: 2n ** 60n, prediction_time: 1_577_872_800_123_456n };
    expect(rows).toHaveLength(6);
    expect(rows[0]).toMatchObject({ subject_id: 7n, prediction_time: null });
    expect(rows.slice(3)).toEqual([
      {
        ...owner,
        ...common,
        event: 0,
        token_id: 9,
        token: futures[0]!.events[0]!.token,
        code: 'LOINC/1',
        log_prob: -0.5,
      },
      { ...owner, ...common, event: 1, token_id: 1, token: '[EOS]', code: null, log_prob: -3.25 },
      { ...owner, ...common, sample: 1, stop_reason: 'context', ...nothing },
    ]);
  });

  const nothing = { event: null, token_id: null, token: null, code: null, log_prob: null };

  it('have identifiers of text where one is none', async () => {
    const path = join(folder, 'text.parquet');
    await write(path, [7, 'a']);
    expect((await read(path)).map(({ subject_id: id }) => id as string)).toEqual(['7', '7', '7', 'a', 'a', 'a']);
  });

  it('are lines of a file of JSON Lines', async () => {
    const path = join(folder, 'x.jsonl');
    await write(path, ['a"']);
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as object)).toEqual(
      futures.map((future) => ({ patient: 'a"', time: null, ...future })),
    );
  });

  it('are not there until they are complete, and not in other formats', async () => {
    const path = join(folder, 'given-up.parquet');
    const writer = await createFutureWriter(path);
    await writer.append({ patient: 1, time: null }, futures[0]!);
    await expect(writer.commit(AbortSignal.abort('enough'))).rejects.toBe('enough');
    await expectClmbrError(createFutureWriter(join(folder, 'x.npz')), 'INVALID_ARGUMENT', '.parquet');
    await expectClmbrError(createFutureWriter(join(folder, 'x.parquet')), 'TARGET_EXISTS');
    expect((await readdir(folder)).filter((name) => name.includes('given-up'))).toEqual([]);
  });
});
