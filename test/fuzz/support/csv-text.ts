/** CSV made at random, damaged, and read back as plainly as RFC 4180 puts it. */
import { mutateBytes } from './mutate-bytes.ts';
import type { Random } from './random.ts';

const oddities = [
  '"',
  '""',
  ',',
  ';',
  '\t',
  '\r',
  '\n',
  '\r\n',
  '\u0000',
  '\ufeff',
  ' ',
  '\u2028',
  '1e999',
  '-0',
  '٣',
  '__proto__',
];

function cell(random: Random, text: string): string {
  if (random.chance(0.02)) return random.pick(oddities) + text;
  if (random.chance(0.1) || /[",\r\n]/.test(text)) return `"${text.replaceAll('"', '""')}"`;
  return random.chance(0.05) ? ` ${text}\t` : text;
}

/** Rows as a file; in one of two files something is damaged. */
export function randomCsv(random: Random, rows: readonly (readonly string[])[]): Buffer {
  const newline = random.pick(['\n', '\n', '\r\n']);
  const lines = rows.map((row) => row.map((text) => cell(random, text)));
  if (random.chance(0.3)) {
    const line = random.pick(lines);
    const at = random.below(line.length);
    if (random.chance(0.4)) line.splice(at, 1);
    else if (random.chance(0.5)) line.splice(at, 0, random.pick(oddities));
    else line[at] = random.pick([...oddities, '', 'x'.repeat(random.pick([10, 70_000])), line[0] ?? '']);
  }
  const text = lines.map((line) => line.join(',')).join(newline) + random.pick(['', newline, newline + newline]);
  const bytes = Buffer.from((random.chance(0.1) ? '\ufeff' : '') + text);
  return random.chance(0.25) ? mutateBytes(random, bytes) : bytes;
}

/** The records of CSV without anything that readers understand differently; null where there is such a thing. */
export function plainRecords(bytes: Buffer): string[][] | null {
  const text = bytes.toString('utf8').replace(/^\ufeff/, '');
  if (/[\u0000\ufffd\ufeff]|\r(?!\n)/.test(text)) return null;
  const records: string[][] = [];
  let at = 0;
  while (at < text.length) {
    const record: string[] = [];
    for (;;) {
      const found = /^[ \t]*"((?:[^"]|"")*)"[ \t]*(?=,|\r?\n|$)|^[^",\r\n]*(?=,|\r?\n|$)/.exec(text.slice(at));
      if (found === null) return null;
      // Blanks within quotation marks are part of the text.
      record.push(found[1] === undefined ? found[0].trim() : found[1].replaceAll('""', '"'));
      at += found[0].length;
      if (text[at] !== ',') break;
      at += 1;
    }
    at += text.startsWith('\r\n', at) ? 2 : 1;
    if (record.length > 1 || record[0]! !== '') records.push(record);
  }
  return records;
}

export function isUtf8(bytes: Buffer): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}
