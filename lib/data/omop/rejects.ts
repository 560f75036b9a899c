import { createReadStream } from 'node:fs';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { ClmbrError } from '../../errors.ts';
import { printable } from '../../files/quoted.ts';
import { unreadable } from '../../files/input-file.ts';
import { notGzip } from './csv-header.ts';
import type { Engine } from './engine.ts';
import type { Part } from './source.ts';
import { rejects } from './source.ts';

/**
 * Runs a statement that reads a part, and looks at what of it broke the format of its files.
 *
 * @returns how many lines could not be read
 * @throws ClmbrError `INVALID_INPUT` at the first such line unless they are to be skipped, and where a compressed file is not whole
 */
export async function readPart(engine: Engine, part: Part, sql: string, skipBadRows: boolean): Promise<number> {
  const compressed = part.kind === 'csv' ? part.files.filter((file) => file.toLowerCase().endsWith('.gz')) : [];
  // DuckDB takes a file that was cut off for one that is shorter. Both read at the same time, on processors of their own.
  const whole = checkGzip(compressed);
  const read = engine.run(sql, part.label);
  const [integrity, reading] = await Promise.allSettled([whole, read]);
  if (integrity.status === 'rejected') throw integrity.reason;
  if (reading.status === 'rejected') throw reading.reason;
  return part.kind === 'csv' ? takeRejects(engine, part, skipBadRows) : 0;
}

async function takeRejects(engine: Engine, part: Part, skipBadRows: boolean): Promise<number> {
  const joined = `${rejects.rows} JOIN ${rejects.scans} USING (scan_id, file_id)`;
  const first = await engine.run(
    `SELECT file_path, line, column_name, CAST(error_type AS VARCHAR) FROM ${joined} ORDER BY file_path, line LIMIT 1`,
  );
  if (first.length > 0 && !skipBadRows) throw brokenLine(part, first[0] as [string, bigint, string | null, string]);
  const [[count]] = (await engine.run(`SELECT CAST(count(DISTINCT (file_path, line)) AS INTEGER) FROM ${joined}`)) as [
    [number],
  ];
  await engine.run(`DROP TABLE ${rejects.rows}`);
  await engine.run(`DROP TABLE ${rejects.scans}`);
  return count;
}

const problems: Record<string, string> = {
  'MISSING COLUMNS': 'as many columns as the first line has, found fewer',
  'TOO MANY COLUMNS': 'as many columns as the first line has, found more',
  'UNQUOTED VALUE': 'quotation marks around a whole value, found one that does not end or ends early',
  'INVALID ENCODING': 'UTF-8 text, found other bytes',
  'LINE SIZE OVER MAXIMUM': 'a line of at most 2,000,000 bytes, found a longer one',
};

function brokenLine(part: Part, [file, line, column, kind]: [string, bigint, string | null, string]): ClmbrError {
  const name = [...part.columns.values()].find(({ sql }) => sql === column)?.name;
  const place = `${file}:${line}${name === undefined ? '' : `: column ${printable(name)}`}`;
  return new ClmbrError(
    'INVALID_INPUT',
    `${place}: expected ${problems[kind] ?? 'a line of CSV, found another text'}.`,
    {
      details: { path: file, row: Number(line), column: name },
    },
  );
}

async function checkGzip(files: readonly string[]): Promise<void> {
  for (const file of files) {
    const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
    try {
      await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), createGunzip({ chunkSize: 1 << 18 }), nowhere);
    } catch (cause) {
      throw (cause as NodeJS.ErrnoException).code?.startsWith('Z_') === true ? notGzip(file) : unreadable(file, cause);
    }
  }
}
