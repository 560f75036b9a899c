import { mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createRowWriter } from '../../lib/output/index.ts';
import type { OutputRow, OutputRows } from '../../lib/output/index.ts';
import { expectClmbrError } from '../support/expect-error.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { readNpz, valuesOf } from './npz-reader.ts';

const root = await temporaryFolder();
let folders = 0;

async function freshFolder(): Promise<string> {
  const folder = join(root, String(folders++));
  await mkdir(folder);
  return folder;
}

function row(patient: OutputRow['patient'], more: Partial<OutputRow> = {}): OutputRow {
  return { patient, time: null, tokens: 3, truncated: false, dropped: 0, ...more };
}

function chunk(rows: OutputRow[], dimensions: number, first = 0): OutputRows {
  return { rows, dimensions, data: Float32Array.from({ length: rows.length * dimensions }, (_, i) => first + i / 3) };
}

async function written(path: string, chunks: OutputRows[]) {
  const writer = await createRowWriter(path);
  for (const one of chunks) await writer.append(one);
  const { rows, bytes } = await writer.commit();
  expect(bytes).toBe((await stat(path)).size);
  expect(rows).toBe(chunks.reduce((sum, one) => sum + one.rows.length, 0));
  return readNpz(path);
}

async function idsOf(...ids: OutputRow['patient'][]) {
  const arrays = await written(join(await freshFolder(), 'x.npz'), [
    chunk(
      ids.map((id) => row(id)),
      2,
    ),
  ]);
  const patient = arrays.get('patient')!;
  return { descr: patient.descr, values: valuesOf(patient) };
}

describe('an npz file', () => {
  it('has six arrays, row by row in order', async () => {
    const first = [row(1, { time: 1577872800123456n, tokens: 512, truncated: true }), row(2)];
    const second = [row(3, { dropped: 4, time: -1n })];
    const path = join(await freshFolder(), 'x.npz');
    const arrays = await written(path, [chunk(first, 3), chunk([], 3), chunk(second, 3, 100)]);
    expect([...arrays].map(([name, { descr, shape }]) => [name, descr, shape])).toEqual([
      ['representations', '<f4', [3, 3]],
      ['patient', '<i8', [3]],
      ['time', '<M8[us]', [3]],
      ['tokens', '<i4', [3]],
      ['truncated', '|b1', [3]],
      ['dropped', '<i4', [3]],
    ]);
    const values = (name: string) => valuesOf(arrays.get(name)!);
    const numbers = [0, 1, 2, 3, 4, 5].map((i) => Math.fround(i / 3));
    expect(values('representations')).toEqual([...numbers, 100, Math.fround(100 + 1 / 3), Math.fround(100 + 2 / 3)]);
    expect(values('patient')).toEqual([1n, 2n, 3n]);
    expect(values('time')).toEqual([1577872800123456n, -(2n ** 63n), -1n]);
    expect(values('tokens')).toEqual([512, 3, 3]);
    expect(values('truncated')).toEqual([true, false, false]);
    expect(values('dropped')).toEqual([0, 0, 4]);
  });

  it('stores its numbers as they are, so that they can be mapped', async () => {
    const arrays = await written(join(await freshFolder(), 'x.npz'), [chunk([row(1)], 8)]);
    expect([...arrays.values()].map(({ compressionMethod }) => compressionMethod)).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('has whole numbers as identifiers only when all are some that fit', async () => {
    expect(await idsOf(1, -(2n ** 63n), 2n ** 63n - 1n)).toEqual({
      descr: '<i8',
      values: [1n, -(2n ** 63n), 2n ** 63n - 1n],
    });
    expect(await idsOf(1, 2n ** 63n)).toEqual({ descr: '<U19', values: ['1', '9223372036854775808'] });
    expect(await idsOf('1', '22')).toEqual({ descr: '<U2', values: ['1', '22'] });
    expect(await idsOf(7, 'a')).toEqual({ descr: '<U1', values: ['7', 'a'] });
  });

  it('has identifiers of any characters, as wide as the longest', async () => {
    const ids = ['', 'a\nb"', 'Zoë', '😀😀', '日本'];
    expect(await idsOf(...ids)).toEqual({ descr: '<U4', values: ids });
  });

  it('has more identifiers than are packed at a time', async () => {
    const ids = Array.from({ length: 10_000 }, (_, i) => `patient ${i}`);
    const { values } = await idsOf(...ids);
    expect(values).toEqual(ids);
  });

  it('without rows has the width that was announced', async () => {
    const path = join(await freshFolder(), 'x.npz');
    const writer = await createRowWriter(path, { dimensions: 768 });
    await writer.commit();
    const arrays = await readNpz(path);
    expect(arrays.get('representations')!.shape).toEqual([0, 768]);
    expect(arrays.get('patient')).toMatchObject({ descr: '<i8', shape: [0] });
  });

  it('is the same for the same rows, whatever the chunks', async () => {
    const folder = await freshFolder();
    const rows = Array.from({ length: 500 }, (_, i) => row(i));
    const whole = chunk(rows, 300);
    const halves = [0, 250].map((from) => ({
      rows: rows.slice(from, from + 250),
      dimensions: 300,
      data: whole.data.subarray(from * 300, (from + 250) * 300),
    }));
    await written(join(folder, 'a.npz'), [whole]);
    await written(join(folder, 'b.npz'), halves);
    expect((await readFile(join(folder, 'a.npz'))).equals(await readFile(join(folder, 'b.npz')))).toBe(true);
  });

  it.runIf(process.platform !== 'win32')('may be read by its owner only', async () => {
    const path = join(await freshFolder(), 'x.npz');
    await written(path, [chunk([row(1)], 2)]);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });
});

describe('on the way', () => {
  it('nothing is visible before commit, and nothing stays after discard', async () => {
    const folder = await freshFolder();
    const writer = await createRowWriter(join(folder, 'x.npz'));
    await writer.append(chunk([row(1)], 100_000));
    if (process.platform !== 'win32') expect(await readdir(folder)).toEqual([]);
    await writer.discard();
    expect(await readdir(folder)).toEqual([]);
  });

  it('an abort leaves the file that was there', async () => {
    const folder = await freshFolder();
    const path = join(folder, 'x.npz');
    await writeFile(path, 'before');
    const writer = await createRowWriter(path, { overwrite: true });
    await writer.append(chunk([row(1)], 100_000));
    await expect(writer.commit(AbortSignal.abort('enough'))).rejects.toBe('enough');
    expect(await readdir(folder)).toEqual(['x.npz']);
    expect(await readFile(path, 'utf8')).toBe('before');
  });

  it('a file that is there is replaced only when asked', async () => {
    const path = join(await freshFolder(), 'x.npz');
    await writeFile(path, 'before');
    await expectClmbrError(createRowWriter(path), 'TARGET_EXISTS', 'x.npz');
    const writer = await createRowWriter(path, { overwrite: true });
    await writer.append(chunk([row(1)], 2));
    await writer.commit();
    expect((await readNpz(path)).get('tokens')!.shape).toEqual([1]);
  });

  it('a missing folder is named', async () => {
    const path = join(root, 'none', 'x.npz');
    await expectClmbrError(createRowWriter(path), 'WRITE_FAILED', path, 'the folder does not exist');
  });

  it('rows of another width are a defect of the caller', async () => {
    const writer = await createRowWriter(join(await freshFolder(), 'x.npz'));
    await writer.append(chunk([row(1)], 2));
    await expectClmbrError(writer.append(chunk([row(2)], 3)), 'INVALID_ARGUMENT', 'vectors of 2');
    await writer.discard();
  });

  it('memory does not grow with the rows', async () => {
    const writer = await createRowWriter(join(await freshFolder(), 'x.npz'));
    const one = chunk(
      Array.from({ length: 256 }, (_, i) => row(i)),
      1024,
    );
    const before = process.memoryUsage().rss;
    for (let i = 0; i < 300; i++) await writer.append(one);
    await writer.commit();
    // The vectors alone are 300 MiB.
    expect(process.memoryUsage().rss - before).toBeLessThan(120 * 2 ** 20);
  });
});
