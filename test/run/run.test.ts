import { mkdir, readFile, readdir, stat, truncate, unlink, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { runEmbedding, runFolderOf } from '../../lib/index.ts';
import type { OutputRows } from '../../lib/index.ts';
import { expectClmbrError } from '../support/expect-error.ts';
import { fillDisk } from '../support/full-disk.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { fakeEmbed, fakePatients, fakeRun } from './fake-run.ts';
import type { FakePatient } from './fake-run.ts';

const root = await temporaryFolder();
const count = 95;
let folders = 0;

async function freshTarget(format = 'npz'): Promise<string> {
  const folder = join(root, String(folders++));
  await mkdir(folder);
  return join(folder, `x.${format}`);
}

/** What a run without interruption writes. */
async function whole(format: string): Promise<Buffer> {
  const run = fakeRun(await freshTarget(format), count);
  await runEmbedding(run);
  return readFile(run.target);
}

/** A model that fails at a patient. */
async function* failing(patients: AsyncIterable<FakePatient>, at: bigint): AsyncGenerator<OutputRows> {
  yield* fakeEmbed(
    (async function* () {
      for await (const patient of patients) {
        if (patient.id === at) throw new Error('the power is out');
        yield patient;
      }
    })(),
  );
}

async function interrupted(target: string, at = 43n) {
  const run = fakeRun(target, count);
  await expect(runEmbedding({ ...run, embed: (patients) => failing(patients, at) })).rejects.toThrow(
    'the power is out',
  );
  return run;
}

describe('a run', () => {
  it.each(['npz', 'npy', 'parquet', 'jsonl'])('that was interrupted gives the same %s file', async (format) => {
    const target = await freshTarget(format);
    await interrupted(target);
    expect(existsSync(target)).toBe(false);
    expect((await stat(runFolderOf(target))).mode & 0o77).toBe(0);
    const asked: bigint[] = [];
    const prepared: bigint[] = [];
    const run = fakeRun(target, count);
    const result = await runEmbedding({
      ...run,
      unfinished: 'resume',
      patients: fakePatients(count, (id) => asked.push(id)),
      prepare: (patient) => {
        prepared.push(patient.id);
        return run.prepare(patient);
      },
    });
    expect(asked).toHaveLength(count);
    expect(prepared[0]).toBe(BigInt(result.resumedPatients));
    expect(result.resumedPatients).toBe(40);
    expect(result.patients).toBe(count);
    expect(run.counters.total).toBe(count);
    expect((await readFile(target)).equals(await whole(format))).toBe(true);
    expect((await readdir(join(target, '..'))).some((name) => name.startsWith('.'))).toBe(false);
  });

  it('reads none of its patients again when only the file is missing', async () => {
    const target = await freshTarget();
    const run = fakeRun(target, count);
    // A folder in the file's place: the rows are there, the file cannot be.
    await runEmbedding({ ...run, onProgress: ({ patients }) => patients === count && blockTarget(target) }).catch(
      () => undefined,
    );
    await unblockTarget(target);
    const again = fakeRun(target, count);
    const result = await runEmbedding({ ...again, unfinished: 'resume', patients: fakePatients(-1) });
    expect(result).toMatchObject({ patients: count, resumedPatients: count });
    expect(again.counters.total).toBe(count);
    expect((await readFile(target)).equals(await whole('npz'))).toBe(true);
  });

  it('goes on from where an abort stopped it', async () => {
    const target = await freshTarget();
    const controller = new AbortController();
    const onProgress = ({ patients }: { patients: number }) => patients === 60 && controller.abort(new Error('Ctrl-C'));
    const stopped = runEmbedding({ ...fakeRun(target, count), onProgress, signal: controller.signal });
    await expect(stopped).rejects.toThrow('Ctrl-C');
    const result = await runEmbedding({ ...fakeRun(target, count), unfinished: 'resume' });
    expect(result.resumedPatients).toBe(60);
    expect((await readFile(target)).equals(await whole('npz'))).toBe(true);
  });

  it('tells how far it is, with what was there before', async () => {
    const target = await freshTarget();
    await interrupted(target);
    const seen: number[][] = [];
    await runEmbedding({
      ...fakeRun(target, count),
      unfinished: 'resume',
      onProgress: ({ patients, resumedPatients }) => seen.push([patients, resumedPatients]),
    });
    expect(seen).toEqual([40, 50, 60, 70, 80, 90, 95].map((patients) => [patients, 40]));
  });

  it('without patients gives a file without rows', async () => {
    const target = await freshTarget('parquet');
    expect(await runEmbedding(fakeRun(target, 0))).toMatchObject({ rows: 0, patients: 0 });
    expect(existsSync(target)).toBe(true);
  });

  it('leaves nothing behind when it failed before its first chunk', async () => {
    const target = await freshTarget();
    await interrupted(target, 3n);
    expect(await readdir(join(target, '..'))).toEqual([]);
  });

  it('replaces the file that was there only at the end', async () => {
    const target = await freshTarget();
    await writeFile(target, 'before');
    await interrupted(target);
    expect(await readFile(target, 'utf8')).toBe('before');
  });
});

/** A name that cannot be replaced, put there when the rows are done. */
function blockTarget(target: string): void {
  void mkdir(join(target, 'in the way'), { recursive: true });
}

async function unblockTarget(target: string): Promise<void> {
  const { rm } = await import('node:fs/promises');
  expect(existsSync(runFolderOf(target))).toBe(true);
  await rm(target, { recursive: true });
}

describe('a full disk', () => {
  it.each(['npz', 'parquet', 'jsonl'])('costs nothing that was done, whenever it is full; as %s', async (format) => {
    const expected = await whole(format);
    let failures = 0;
    for (let writes = 0; ; writes += 9) {
      const target = await freshTarget(format);
      await fillDisk(writes);
      const outcome = await runEmbedding(fakeRun(target, count)).catch((error: unknown) => error);
      vi.restoreAllMocks();
      if (!(outcome instanceof Error)) break;
      failures++;
      await expectClmbrError(Promise.reject(outcome), 'WRITE_FAILED', 'the disk is full');
      expect(existsSync(target)).toBe(false);
      await runEmbedding({ ...fakeRun(target, count), unfinished: 'resume' });
      expect((await readFile(target)).equals(expected)).toBe(true);
    }
    expect(failures).toBeGreaterThan(4);
  });
});

describe('an unfinished run', () => {
  it('is not begun again unless asked', async () => {
    const target = await freshTarget();
    await interrupted(target);
    await expectClmbrError(runEmbedding(fakeRun(target, count)), 'RUN_EXISTS', target, '--resume', '--restart');
    const result = await runEmbedding({ ...fakeRun(target, count), unfinished: 'restart' });
    expect(result.resumedPatients).toBe(0);
    expect((await readFile(target)).equals(await whole('npz'))).toBe(true);
  });

  it('of other settings is refused, and the message says which', async () => {
    const target = await freshTarget();
    const { identity } = await interrupted(target);
    const other = { ...fakeRun(target, count), identity: { ...identity, pooling: 'mean', shard: '0/2' } };
    const expected = ['pooling was "last" and is "mean"', 'shard was not given and is "0/2"', '--restart'];
    await expectClmbrError(runEmbedding({ ...other, unfinished: 'resume' }), 'RUN_MISMATCH', ...expected);
    expect((await runEmbedding({ ...fakeRun(target, count), unfinished: 'resume' })).resumedPatients).toBe(40);
  });

  it('with fewer patients than it has done is refused', async () => {
    const target = await freshTarget();
    await interrupted(target);
    const run = { ...fakeRun(target, count), patients: fakePatients(20), unfinished: 'resume' } as const;
    await expectClmbrError(runEmbedding(run), 'RUN_MISMATCH', '20 patients', 'done 40');
  });

  it('that is not there begins', async () => {
    const target = await freshTarget();
    expect((await runEmbedding({ ...fakeRun(target, count), unfinished: 'resume' })).resumedPatients).toBe(0);
  });

  const damages: [string, (folder: string) => Promise<void>][] = [
    ['a bit of a chunk', (folder) => flip(join(folder, '00000001.chunk'), 100)],
    ['what a chunk says of itself', (folder) => flip(join(folder, '00000001.chunk'), -60)],
    ['the end of a chunk', (folder) => truncate(join(folder, '00000002.chunk'), 700)],
    ['everything of a chunk', (folder) => truncate(join(folder, '00000002.chunk'), 0)],
    ['a chunk in between', (folder) => unlink(join(folder, '00000001.chunk'))],
    ['the order of chunks', (folder) => swap(join(folder, '00000001.chunk'), join(folder, '00000002.chunk'))],
    ['the manifest', (folder) => flip(join(folder, 'manifest.json'), 40)],
    ['the whole manifest', (folder) => unlink(join(folder, 'manifest.json'))],
  ];

  it.each(damages)('is refused when %s is damaged', async (_, damage) => {
    const target = await freshTarget();
    await interrupted(target);
    await damage(runFolderOf(target));
    await expectClmbrError(
      runEmbedding({ ...fakeRun(target, count), unfinished: 'resume' }),
      'RUN_DAMAGED',
      runFolderOf(target),
      '--restart',
    );
    await runEmbedding({ ...fakeRun(target, count), unfinished: 'restart' });
    expect((await readFile(target)).equals(await whole('npz'))).toBe(true);
  });
});

/** @param at counted from the end where it is negative */
async function flip(path: string, at: number): Promise<void> {
  const bytes = await readFile(path);
  const index = at < 0 ? bytes.length + at : at;
  bytes[index] = bytes[index]! ^ 1;
  await writeFile(path, bytes);
}

async function swap(a: string, b: string): Promise<void> {
  const [first, second] = [await readFile(a), await readFile(b)];
  await writeFile(a, second);
  await writeFile(b, first);
}

describe('rows that are not those of the patients', () => {
  it.each([
    ['too many', [1, 1]],
    ['too few', []],
  ])('%s are a defect', async (_, extra) => {
    const run = fakeRun(await freshTarget(), 3);
    const embed = async function* (patients: AsyncIterable<FakePatient>): AsyncGenerator<OutputRows> {
      for await (const _ of patients);
      const rows = extra.map(() => ({ patient: 1, time: null, tokens: 1, truncated: false, dropped: 0 }));
      for (let i = 0; i < 9; i++) yield { rows, dimensions: 1, data: new Float32Array(rows.length) };
    };
    await expectClmbrError(runEmbedding({ ...run, embed }), 'INTERNAL');
  });
});

describe('places of rows', () => {
  async function placedRun(places: unknown[][], chunkPatients: number): Promise<unknown> {
    const patients = (async function* () {
      for (const [i, positions] of places.entries())
        yield { patient: { id: BigInt(i), times: positions.map(() => 0n) }, positions: positions as number[] };
    })();
    const { label: _, ...output } = fakeRun('x.npz', 1).output!;
    return runEmbedding({ ...fakeRun(await freshTarget(), 1), patients, output, chunkPatients });
  }

  it.each([-1, 0.5, NaN, Infinity, 2 ** 50, '0', 1n, null])('are whole numbers, which %s is not', async (place) => {
    await expectClmbrError(placedRun([[0], [place]], 1), 'INVALID_ARGUMENT', 'patients.positions');
  });

  it.each([1, 9])('are distinct, with %s patients a chunk', async (chunkPatients) => {
    await expectClmbrError(placedRun([[0, 1], [2], [1]], chunkPatients), 'INVALID_ARGUMENT', 'two rows at one');
    await expectClmbrError(placedRun([[0, 1, 0]], chunkPatients), 'INVALID_ARGUMENT', 'two rows at one');
  });
});
