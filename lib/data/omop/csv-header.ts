import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import type { Readable } from 'node:stream';
import { ClmbrError } from '../../errors.ts';
import { unreadable } from '../../files/input-file.ts';

/** How a CSV file is written, as its first line tells. */
export interface CsvHeader {
  delimiter: string;
  /** Files with different line endings cannot be read together. */
  newline: string;
  names: readonly string[];
}

const longestHeader = 64 * 1024;
const delimiters = [',', '\t', '|'];

/**
 * Reads the first line of a CSV file, compressed or not.
 *
 * @throws ClmbrError `INVALID_INPUT`, `FILE_UNREADABLE`
 */
export async function readCsvHeader(path: string): Promise<CsvHeader> {
  const head = (await readStart(path)).toString('utf8').replace(/^\uFEFF/, '');
  const { line, newline } = firstLine(head);
  // DuckDB takes the first line break for that of all lines, also where it lies in quotation marks.
  if (line.trim() === '' || /[\0\uFFFD\r\n]/.test(line))
    throw new ClmbrError('INVALID_INPUT', `${path}: expected CSV with one line of column names in UTF-8, found none.`);
  const delimiter = delimiters.reduce((best, each) =>
    splitFields(line, each).length > splitFields(line, best).length ? each : best,
  );
  return { delimiter, newline, names: splitFields(line, delimiter) };
}

async function readStart(path: string): Promise<Buffer> {
  const file = createReadStream(path, { end: 4 * longestHeader });
  const source: Readable = path.toLowerCase().endsWith('.gz') ? file.pipe(createGunzip()) : file;
  const pieces: Buffer[] = [];
  let length = 0;
  try {
    await new Promise<void>((resolve, reject) => {
      file.on('error', reject);
      source.on('error', reject);
      source.on('end', resolve);
      source.on('data', (piece: Buffer) => {
        pieces.push(piece);
        length += piece.length;
        if (length >= longestHeader) resolve();
      });
    });
  } catch (cause) {
    // A compressed file is read in part only: that its end is missing is no fault.
    const isCompression = (cause as NodeJS.ErrnoException).code?.startsWith('Z_') ?? false;
    if (!isCompression) throw unreadable(path, cause);
    if (length === 0) throw notGzip(path);
  } finally {
    file.destroy();
    source.destroy();
  }
  return Buffer.concat(pieces);
}

export function notGzip(path: string): ClmbrError {
  return new ClmbrError('INVALID_INPUT', `${path}: expected a whole gzip file, found one that is cut off or damaged.`);
}

function firstLine(text: string): { line: string; newline: string } {
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === '"') quoted = !quoted;
    else if (!quoted && (character === '\n' || character === '\r')) {
      const newline = character === '\r' && text[i + 1] === '\n' ? '\r\n' : character;
      return { line: text.slice(0, i), newline };
    }
  }
  return { line: text.length < longestHeader ? text : '', newline: '\n' };
}

/** Fields of a line of CSV, without their quotation marks. */
function splitFields(line: string, delimiter: string): string[] {
  const fields: string[] = [];
  let field = '';
  let quoted = false;
  for (let i = 0; i < line.length; i++) {
    const character = line[i]!;
    if (character === '"' && quoted && line[i + 1] === '"') {
      field += '"';
      i++;
    } else if (character === '"') quoted = !quoted;
    else if (character === delimiter && !quoted) {
      fields.push(field);
      field = '';
    } else field += character;
  }
  return [...fields, field];
}
