import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { createRowWriter, JsonlStream, timeText } from '../../lib/output/index.ts';
import { float32Text } from '../../lib/output/text.ts';
import type { OutputRows } from '../../lib/output/index.ts';
import { temporaryFolder } from '../support/temporary.ts';

const folder = await temporaryFolder();

const rows: OutputRows = {
  dimensions: 2,
  data: Float32Array.of(0.1, -2, 1 / 3, 16777216),
  rows: [
    { patient: 'a"\n', time: null, tokens: 3, truncated: false, dropped: 0 },
    { patient: 9007199254740993n, time: 1577872800123456n, tokens: 512, truncated: true, dropped: 2 },
  ],
};
const lines =
  '{"patient":"a\\"\\n","time":null,"tokens":3,"truncated":false,"dropped":0,"representation":[0.1,-2]}\n' +
  '{"patient":9007199254740993,"time":"2020-01-01T10:00:00.123456Z","tokens":512,"truncated":true,"dropped":2,"representation":[0.33333334,16777216]}\n';

describe('rows as JSON Lines', () => {
  it('in a file, which appears when it is complete', async () => {
    const path = join(folder, 'x.jsonl');
    const writer = await createRowWriter(path, { rowNumbers: false });
    await writer.append(rows);
    expect(await readdir(folder)).not.toContain('x.jsonl');
    expect(await writer.commit()).toEqual({ rows: 2, bytes: lines.length });
    expect(await readFile(path, 'utf8')).toBe(lines);
  });

  it('leave what was there when they are given up', async () => {
    const path = join(folder, 'y.jsonl');
    await writeFile(path, 'before');
    const writer = await createRowWriter(path, { overwrite: true });
    await writer.append(rows);
    await expect(writer.commit(AbortSignal.abort('enough'))).rejects.toBe('enough');
    await writer.discard();
    expect(await readFile(path, 'utf8')).toBe('before');
    expect((await readdir(folder)).filter((name) => name.includes('y.jsonl'))).toEqual(['y.jsonl']);
  });

  it('in a stream, no faster than it takes them', async () => {
    let taken = '';
    let release = (): void => undefined;
    const slow = new Writable({
      write(piece: Buffer, _encoding, done) {
        taken += piece.toString();
        release = done;
      },
    });
    let isDone = false;
    const writing = new JsonlStream(slow).append(rows).then(() => (isDone = true));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(isDone).toBe(false);
    release();
    await writing;
    expect(taken).toBe(lines);
  });

  it('reject with what the stream says', async () => {
    const broken = new Writable({ write: (_piece, _encoding, done) => done(new Error('gone')) });
    broken.on('error', () => undefined);
    await expect(new JsonlStream(broken).append(rows)).rejects.toThrow('gone');
  });
});

describe('numbers', () => {
  test('have the fewest digits that give back the float32', () => {
    const float32 = fc.oneof(
      fc.float({ noNaN: true, noDefaultInfinity: true }),
      fc.float({ noNaN: true, noDefaultInfinity: true, min: Math.fround(-1), max: 1 }),
    );
    fc.assert(
      fc.property(float32, (x) => {
        const text = float32Text(x);
        expect(Object.is(Math.fround(JSON.parse(text) as number), x)).toBe(true);
        const digits = text.replace(/e.*/, '').replace(/[-.]/g, '').replace(/^0+/, '').replace(/0+$/, '').length;
        for (let fewer = 1; fewer < digits; fewer++) expect(Math.fround(Number(x.toPrecision(fewer)))).not.toBe(x);
      }),
      { seed: 3, numRuns: 3000 },
    );
  });

  it('are null where JSON has none', () => {
    expect([NaN, Infinity, -Infinity].map(float32Text)).toEqual(['null', 'null', 'null']);
  });
});

describe('times', () => {
  test('are those of Date with three digits more', () => {
    fc.assert(
      fc.property(fc.date({ noInvalidDate: true }), fc.integer({ min: 0, max: 999 }), (date, micro) => {
        const expected = `${date.toISOString().slice(0, -1)}${String(micro).padStart(3, '0')}Z`;
        expect(timeText(BigInt(date.getTime()) * 1000n + BigInt(micro))).toBe(expected);
      }),
      { seed: 4 },
    );
  });

  it('beyond the reach of Date are plain numbers', () => {
    expect(timeText(-(2n ** 63n))).toBe('-9223372036854775808');
  });
});
