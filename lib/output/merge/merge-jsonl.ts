import { createReadStream } from 'node:fs';
import { readWholeFile, unreadable } from '../../files/input-file.ts';
import { readLines } from '../../data/lines.ts';
import { jsonlMetadataPath, writeJsonlMetadata } from '../jsonl.ts';
import type { OutputMetadata } from '../metadata.ts';
import type { WrittenFile } from '../rows.ts';
import { writeFile } from '../target.ts';
import type { Target } from '../target.ts';
import { mismatch } from './check-shards.ts';
import type { DescribedFile } from './check-shards.ts';
import { mergeSorted } from './merge-sorted.ts';
import { parseMetadata, unreadableShard } from './shard-file.ts';

const mostMetadataBytes = 16 * 1024 * 1024;
const mostLineBytes = 64 * 1024 * 1024;
const closingBrace = 0x7d;
const newline = Buffer.from('\n');

/** Lines are merged as they are, by the number that each begins with. */
export async function mergeJsonl(
  paths: readonly string[],
  target: Target,
  join: (files: readonly DescribedFile[]) => OutputMetadata,
): Promise<WrittenFile> {
  const files: DescribedFile[] = [];
  const lines: AsyncIterable<NumberedLine>[] = [];
  for (const path of paths) {
    const { rows: expected, ...metadata } = await metadataOf(path);
    files.push({ path, metadata });
    lines.push(eachLine(path, expected));
  }
  const metadata = join(files);
  let [rows, bytes, previous] = [0, 0, -1];
  await writeFile(target, target.path, undefined, async (file) => {
    for await (const { item, key } of mergeSorted(lines, ({ row }) => row)) {
      if (key <= previous) throw mismatch(`Row ${key} is there twice, or the rows of a shard are not in order.`);
      target.signal?.throwIfAborted();
      previous = key;
      await file.write(Buffer.concat([item.line, newline]));
      rows++;
    }
    ({ bytes } = file);
    await writeJsonlMetadata(target, { ...metadata, rows });
  });
  return { rows, bytes };
}

async function metadataOf(path: string): Promise<OutputMetadata> {
  const bytes = await readWholeFile(jsonlMetadataPath(path), mostMetadataBytes);
  return parseMetadata(jsonlMetadataPath(path), bytes.toString());
}

interface NumberedLine {
  row: number;
  line: Buffer;
}

async function* eachLine(path: string, expected: unknown): AsyncGenerator<NumberedLine, void, undefined> {
  const stream = createReadStream(path);
  const tooLong = () => unreadableShard(path, 'a line is too long');
  let rows = 0;
  try {
    for await (const { bytes } of readLines(stream, { maxLineBytes: mostLineBytes, tooLong })) {
      const match = /^\{"row":([0-9]{1,15}),/.exec(bytes.toString('latin1', 0, 32));
      if (match === null || bytes.at(-1) !== closingBrace)
        throw unreadableShard(path, 'a line is not whole, or does not begin with the number of its row');
      rows++;
      yield { row: Number(match[1]), line: Buffer.from(bytes) };
    }
    if (rows !== expected) throw unreadableShard(path, 'it has more or fewer rows than it was written with');
  } catch (cause) {
    throw (cause as NodeJS.ErrnoException).syscall === undefined ? cause : unreadable(path, cause);
  } finally {
    stream.destroy();
  }
}
