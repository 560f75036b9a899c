import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { readPatientsJsonl } from '../../lib/data/index.ts';
import type { ReadPatientsOptions } from '../../lib/data/index.ts';
import { ClmbrError } from '../../lib/errors.ts';
import type { PatientRecord, TokenRecord } from '../../lib/types.ts';
import { expectClmbrError } from '../support/expect-error.ts';
import { temporaryFolder } from '../support/temporary.ts';

type Listed = PatientRecord | TokenRecord;

async function collect(source: string | Readable, options?: ReadPatientsOptions): Promise<Listed[]> {
  const records: Listed[] = [];
  for await (const record of readPatientsJsonl(source, options)) records.push(record);
  return records;
}

/** A stream that gives the bytes in pieces of a size. */
function streamOf(bytes: Uint8Array | string, size = 7): Readable {
  const buffer = Buffer.from(bytes);
  const pieces = Array.from({ length: Math.ceil(buffer.length / size) }, (_, i) =>
    buffer.subarray(i * size, (i + 1) * size),
  );
  return Readable.from(pieces, { objectMode: false });
}

const text = (content: string, options?: ReadPatientsOptions) => collect(streamOf(content), { name: 'in', ...options });

describe('records', () => {
  it('reads events, label times and token ids', async () => {
    const records = await text(
      [
        '{"id": "a", "events": [{"code": "X/1", "value": 1.5, "unit": "mg", "start": "2020-01-01T10:00:00.123456", "end": null, "omopTable": "measurement"}]}',
        '{"id": 7, "events": [{"code": "X/2", "value": "text"}, {"code": "X/3", "start": 1577872800000001}], "at": ["2020-01-02", 5]}',
        '{"ids": [0, 5, 2147483647]}',
      ].join('\n'),
    );
    expect(records).toEqual([
      {
        id: 'a',
        events: [
          {
            code: 'X/1',
            value: 1.5,
            unit: 'mg',
            start: 1577872800123456n,
            end: null,
            omopTable: 'measurement',
          },
        ],
      },
      {
        id: 7,
        events: [
          { code: 'X/2', value: 'text' },
          { code: 'X/3', start: 1577872800000001n },
        ],
        at: [1577923200000000n, 5n],
      },
      { id: undefined, ids: Int32Array.of(0, 5, 2147483647) },
    ]);
  });

  it('takes values that only Python writes', async () => {
    const [record] = await text('{"events": [{"code": "X", "value": NaN}, {"code": "X", "value": -Infinity}]}');
    expect((record as PatientRecord).events.map(({ value }) => value)).toEqual([NaN, -Infinity]);
  });

  it('takes the events where there are ids too, and leaves other keys of a patient alone', async () => {
    expect(await text('{"ids": [1], "label": true, "events": [{"code": "X"}]}')).toEqual([
      { id: undefined, events: [{ code: 'X' }] },
    ]);
  });

  it.each([
    ['9007199254740993', 9007199254740993n],
    ['-9223372036854775808', -9223372036854775808n],
    ['9007199254740991', 9007199254740991],
    ['"9007199254740993"', '9007199254740993'],
  ])('keeps every digit of the id %s', async (written, id) => {
    const decoy = '"events": [{"code": "\\"id\\": 1", "value": 12345678901234567890}]';
    expect((await text(`{${decoy}, "id" :\t${written} }`))[0]!.id).toBe(id);
    expect((await text(`{"x": {"id": 99999999999999999999}, "\\u0069d": ${written}, ${decoy}}`))[0]!.id).toBe(id);
    expect((await text(`{"id": 99999999999999999999, "id": ${written}, "ids": []}`))[0]!.id).toBe(id);
  });

  test('any records come back, however they are cut, ended and interspersed', async () => {
    const record = fc.oneof(
      fc.record(
        {
          id: fc.oneof(fc.string({ unit: 'grapheme', maxLength: 30 }), fc.maxSafeInteger()),
          events: fc.array(
            fc.record(
              { code: fc.string({ unit: 'grapheme' }), value: fc.oneof(fc.double(), fc.string(), fc.boolean()) },
              { requiredKeys: ['code'] },
            ),
          ),
        },
        { requiredKeys: ['events'] },
      ),
      fc.record({ id: fc.maxSafeInteger(), ids: fc.array(fc.nat()) }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(record, fc.constantFrom('\n', '\r\n', '\n\n', '\r\n \t\n'))),
        fc.constantFrom('', '\ufeff'),
        fc.integer({ min: 1, max: 9 }),
        fc.boolean(),
        async (lines, mark, size, isEnded) => {
          // -0 becomes 0 in JSON, and what is no number becomes null.
          const plain = lines.map(([value]) => JSON.parse(JSON.stringify(value)) as unknown);
          const content = lines.map(([, end], i) => JSON.stringify(plain[i]) + end).join('');
          const records = await collect(streamOf(mark + (isEnded ? content : content.trimEnd()), size));
          expect(records.map((r) => ('ids' in r ? { ...r, ids: [...r.ids] } : r))).toEqual(plain);
        },
      ),
      { seed: 1, numRuns: 200 },
    );
  });
});

describe('refused', () => {
  const secret = 'SECRET7731';
  it.each([
    ['[1]', 'in:1: expected a JSON object', 'found a list'],
    ['{"id": 1}', 'in:1: expected "events" or "ids"'],
    [`{"id": ["${secret}"], "ids": []}`, 'in:1: id: expected a string or a whole number, found a list'],
    ['{"id": 7731.5, "ids": []}', 'in:1: id: expected'],
    ['{"id": 1e30, "ids": []}', 'in:1: id: expected'],
    [`{"id": "${secret.repeat(200)}", "ids": []}`, 'in:1: id: expected at most 1024 characters, found 2000'],
    [`{"events": "${secret}"}`, 'in:1: events: expected a list, found a string'],
    [`{"events": [{"code": "X"}, "${secret}"]}`, 'in:1: events[1]: expected an object with a code'],
    ['{"events": [{"value": 7731}]}', 'in:1: events[0].code: expected a string, found nothing'],
    ['{"events": [{"code": 7731}]}', 'in:1: events[0].code: expected a string, found'],
    [`{"events": [{"code": "X", "value": ["${secret}"]}]}`, 'in:1: events[0].value: expected', 'found a list'],
    ['{"events": [{"code": "X", "unit": 7731}]}', 'in:1: events[0].unit: expected a string or null'],
    [`{"events": [{"code": "X", "start": "${secret}"}]}`, 'in:1: events[0].start: expected'],
    ['{"events": [{"code": "X", "start": 7731.5}]}', 'in:1: events[0].start: expected'],
    ['{"events": [{"code": "X", "start": "7731-13-01"}]}', 'in:1: events[0].start: expected'],
    ['{"events": [{"code": "X", "end": 7731.5}]}', 'in:1: events[0].end: expected'],
    [`{"events": [{"code": "X", "time": "${secret}"}]}`, 'in:1: events[0]: expected only code,', 'found "time"'],
    [`{"events": [{"code": "X", "${secret} is a name": 1}]}`, 'in:1: events[0]: expected only', 'an unknown key'],
    ['{"events": [], "at": "7731"}', 'in:1: at: expected a list of times'],
    [`{"events": [], "at": ["2020-01-01", "${secret}"]}`, 'in:1: at[1]: expected'],
    ['{"ids": [1, 7731.5]}', 'in:1: ids[1]: expected a whole number from 0 to 2147483647'],
    ['{"ids": [-7731]}', 'in:1: ids[0]: expected'],
    ['{"ids": [1], "at": [1]}', 'in:1: "at" stands beside "ids"'],
    [`{"id": "${secret}", "events": [}`, 'in:1: expected one JSON object on the line: invalid JSON at position'],
    [`{"id": "${secret}"`, 'in:1: expected one JSON object on the line: JSON ends too early'],
  ])('%s', async (line, ...texts) => {
    const error = await expectClmbrError(text(line), 'INVALID_INPUT', ...texts);
    expect(`${error.message}${JSON.stringify(error.details)}${String(error.cause)}`).not.toMatch(/SECRET|7731/);
  });

  it('names the line as an editor counts it', async () => {
    const good = '{"ids": []}';
    await expectClmbrError(text(`${good}\r\n\n${good}\n7`), 'INVALID_INPUT', 'in:4: ');
  });

  it('bytes that are no UTF-8 text', async () => {
    const line = Buffer.from('{"id": "\xe9", "ids": []}', 'latin1');
    await expectClmbrError(collect(streamOf(line), { name: 'in' }), 'INVALID_INPUT', 'in:1: expected UTF-8 text');
  });

  it('a compressed file, by name', async () => {
    const gzip = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0]);
    await expectClmbrError(collect(streamOf(gzip)), 'INVALID_INPUT', 'input:1: ', 'compressed', 'unpack');
  });

  it('a line that is longer than the limit, before it is complete', async () => {
    const line = '{"ids": [1, 2, 3]}';
    const options = { maxLineBytes: line.length };
    expect(await text(`${line}\n${line}`, options)).toHaveLength(2);
    const endless = Readable.from(
      (function* () {
        yield Buffer.from(`${line}\n`);
        for (;;) yield Buffer.alloc(5, ' ');
      })(),
    );
    const message = `in:2: expected a line of at most ${line.length} bytes`;
    await expectClmbrError(collect(endless, { ...options, name: 'in' }), 'INVALID_INPUT', message);
  });

  test('any JSON at all is read or refused, in the documented way', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), fc.constantFrom('events', 'ids', 'at', 'id'), async (value, key) => {
        const line = JSON.stringify({ events: [], [key]: value });
        await text(line).catch((error: unknown) => {
          expect(error).toBeInstanceOf(ClmbrError);
          expect((error as ClmbrError).code).toBe('INVALID_INPUT');
        });
      }),
      { seed: 2, numRuns: 300 },
    );
  });
});

describe('sources', async () => {
  const folder = await temporaryFolder();

  it('reads a file and counts its bytes', async () => {
    const path = join(folder, 'patients.jsonl');
    const content = '{"id": 1, "ids": [1]}\n'.repeat(30_000);
    await writeFile(path, content);
    let bytes = 0;
    expect(await collect(path, { onBytes: (n) => (bytes += n) })).toHaveLength(30_000);
    expect(bytes).toBe(content.length);
  });

  it('names a file that is missing, or is a folder', async () => {
    await expectClmbrError(collect(join(folder, 'none')), 'FILE_UNREADABLE', 'none', 'does not exist');
    await mkdir(join(folder, 'folder'));
    await expectClmbrError(collect(join(folder, 'folder')), 'FILE_UNREADABLE', 'it is a folder');
  });

  it.runIf(process.platform !== 'win32')('reads a named pipe, and stops waiting for it when aborted', async () => {
    const path = join(folder, 'pipe');
    execFileSync('mkfifo', [path]);
    const writer = createWriteStream(path);
    writer.write('{"ids": [3]}\n');
    const stop = new AbortController();
    const records = readPatientsJsonl(path, { signal: stop.signal });
    expect((await records.next()).value).toMatchObject({ ids: Int32Array.of(3) });
    const reason = new Error('enough');
    setTimeout(() => stop.abort(reason), 20);
    await expect(records.next()).rejects.toBe(reason);
    writer.destroy();
  });

  it('rejects with the reason when aborted, and lets go of the stream', async () => {
    const stalled = new PassThrough();
    const stop = new AbortController();
    const reading = collect(stalled, { signal: stop.signal });
    setTimeout(() => stop.abort('enough'), 20);
    await expect(reading).rejects.toBe('enough');
    expect(stalled.destroyed).toBe(true);
    await expect(collect(streamOf(''), { signal: AbortSignal.abort('early') })).rejects.toBe('early');
  });

  it('reads no further than asked, and lets go of the stream', async () => {
    let pieces = 0;
    const endless = Readable.from(
      (function* () {
        for (;;) {
          pieces++;
          yield Buffer.from('{"ids": [3]}\n');
        }
      })(),
      { highWaterMark: 1 },
    );
    let records = 0;
    for await (const _ of readPatientsJsonl(endless)) if (++records === 3) break;
    expect(endless.destroyed).toBe(true);
    expect(pieces).toBeLessThan(10);
  });

  it('passes on why a stream failed', async () => {
    const failing = new PassThrough();
    setTimeout(() => failing.destroy(new Error('the disk fell over')), 10);
    await expectClmbrError(collect(failing, { name: 'in' }), 'FILE_UNREADABLE', 'in', 'the disk fell over');
  });
});
