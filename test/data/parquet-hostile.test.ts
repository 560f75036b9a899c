import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openMeds } from '../../lib/data/index.ts';
import { ClmbrError } from '../../lib/errors.ts';
import { codesParquet, medsParquet, writeFiles } from '../support/meds.ts';
import { seededRandom } from '../support/random.ts';
import { temporaryFolder } from '../support/temporary.ts';

const folder = await temporaryFolder();
const rows = Array.from({ length: 300 }, (_, i) => ({
  subject_id: BigInt(i >> 4),
  time: i % 16 === 0 ? null : BigInt(i) * 1_000_000n,
  code: `CODE//${i % 23}`,
  numeric_value: i % 3 === 0 ? null : i / 8,
  text_value: i % 5 === 0 ? 'a secret' : null,
}));

/** Events of a file, or undefined where it is refused as it should be. */
async function eventsOf(path: string): Promise<number | undefined> {
  try {
    let events = 0;
    const data = await openMeds(path);
    for await (const patient of data.patients()) {
      if (!('events' in patient)) throw new Error('token ids from MEDS');
      for (const { code, value, start } of patient.events) {
        expect(typeof code).toBe('string');
        expect(start === null || typeof start === 'bigint').toBe(true);
        expect(value === null || typeof value === 'number' || typeof value === 'string').toBe(true);
        events++;
      }
    }
    return events;
  } catch (error) {
    if (!(error instanceof ClmbrError)) throw error;
    expect(error.message).not.toContain('\n');
    expect(error.message).not.toContain('secret');
    expect(['INVALID_INPUT', 'FILE_UNREADABLE']).toContain(error.code);
    return undefined;
  }
}

const variants = [
  ['UNCOMPRESSED', 'PLAIN'],
  ['UNCOMPRESSED', undefined],
  ['UNCOMPRESSED', 'DELTA_BYTE_ARRAY'],
  ['SNAPPY', undefined],
  ['ZSTD', undefined],
  ['GZIP', 'PLAIN'],
  ['LZ4_RAW', 'DELTA_LENGTH_BYTE_ARRAY'],
] as const;

describe.each(variants)('broken files: %s, %s', (codec, encoding) => {
  const whole = medsParquet(rows, { codec, encoding, rowGroupSize: 120, pageSize: 400 });
  const path = join(folder, `${codec}-${encoding}.parquet`);

  it('cut short anywhere', async () => {
    const random = seededRandom(whole.length);
    for (let i = 0; i < 15; i++) {
      await writeFile(path, whole.subarray(0, Math.floor(random() * whole.length)));
      expect(await eventsOf(path)).toBeUndefined();
    }
  });

  it('with bytes changed anywhere, above all in what describes the rest', async () => {
    const random = seededRandom(7 + whole.length);
    let refused = 0;
    for (let i = 0; i < 50; i++) {
      const broken = whole.slice();
      const start = i % 2 === 0 ? 0 : whole.length - 900;
      for (let k = 0; k <= i % 4; k++) {
        const at = start + Math.floor(random() * (whole.length - start));
        broken[at] = random() < 0.3 ? 0xff : Math.floor(random() * 256);
      }
      await writeFile(path, broken);
      if ((await eventsOf(path)) === undefined) refused++;
    }
    expect(refused).toBeGreaterThan(10);
    await writeFile(path, whole);
    expect(await eventsOf(path)).toBe(rows.length);
  });
});

describe('hostile footers', () => {
  const whole = medsParquet(rows);

  async function withFooter(footer: Uint8Array): Promise<number | undefined> {
    const path = join(folder, 'footer.parquet');
    const tail = new DataView(new ArrayBuffer(8));
    tail.setUint32(0, footer.length, true);
    tail.setUint32(4, 0x31524150, true);
    await writeFile(path, Buffer.concat([whole.subarray(0, 1000), footer, new Uint8Array(tail.buffer)]));
    return eventsOf(path);
  }

  it.each([
    ['numbers without an end', new Uint8Array(3_000_000).fill(0xff)],
    ['structures within structures', new Uint8Array(3_000_000).fill(0x1c)],
    ['lists within lists', new Uint8Array(3_000_000).fill(0x19)],
    ['zeros', new Uint8Array(3_000_000)],
    ['a list of 2^28 structures', Uint8Array.of(0x15, 0x02, 0x19, 0xfc, 0xff, 0xff, 0xff, 0x7f, 0x00)],
  ])('%s', async (_, footer) => {
    expect(await withFooter(footer)).toBeUndefined();
  });
});

it('broken metadata is refused as well', async () => {
  const random = seededRandom(11);
  const codes = codesParquet(
    Array.from({ length: 50 }, (_, i) => ({ code: `CODE//${i}`, parents: i % 3 === 0 ? [] : [`P/${i}`, 'P/x'] })),
  );
  const data = await writeFiles(join(folder, 'meds'), { 'data/0.parquet': medsParquet(rows) });
  for (let i = 0; i < 50; i++) {
    const broken = codes.slice();
    broken[Math.floor(random() * codes.length)] = Math.floor(random() * 256);
    await writeFiles(data, { 'metadata/codes.parquet': broken });
    const events = await eventsOf(data);
    if (events !== undefined) expect(events).toBe(rows.length);
  }
  expect(await readFile(join(data, 'data/0.parquet'))).toHaveLength(medsParquet(rows).length);
});
