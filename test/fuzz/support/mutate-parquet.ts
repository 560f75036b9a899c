import { mutateBytes, otherInteger } from './mutate-bytes.ts';
import type { Random } from './random.ts';
import type { Field, Struct, Thrift } from './thrift.ts';
import { fieldOf, numberOf, readStruct, structsOf, writeStruct } from './thrift.ts';

interface Page {
  header: Struct;
  body: Buffer;
}

/** A column of one row group: what the footer says of it, and its pages. */
interface Chunk {
  meta: Struct;
  pages: Page[];
}

const footerTail = 8;
// Numbers of fields in parquet.thrift.
const [rowGroups, columnsOfGroup, metaData] = [4, 1, 3];
const [totalCompressed, dataPageOffset, dictionaryPageOffset] = [7, 9, 11];
const [pageCompressed] = [3];

/** A Parquet file taken apart, so that one thing in it can be changed and the rest still fits together. */
export interface ParquetParts {
  footer: Struct;
  chunks: Chunk[];
}

export function takeApart(file: Buffer): ParquetParts {
  const start = file.length - footerTail - file.readUInt32LE(file.length - footerTail);
  const footer = readStruct(file, start).struct;
  const metas = structsOf(footer, rowGroups)
    .flatMap((group) => structsOf(group, columnsOfGroup))
    .map((column) => fieldOf(column, metaData) as Struct);
  return { footer, chunks: metas.map((meta) => ({ meta, pages: pagesOf(file, meta) })) };
}

function startOf(meta: Struct): number {
  const data = numberOf(meta, dataPageOffset)!;
  return Math.min(data, numberOf(meta, dictionaryPageOffset) || data);
}

function pagesOf(file: Buffer, meta: Struct): Page[] {
  const pages: Page[] = [];
  const start = startOf(meta);
  for (let at = start; at < start + numberOf(meta, totalCompressed)!; ) {
    const { struct: header, end } = readStruct(file, at);
    at = end + numberOf(header, pageCompressed)!;
    pages.push({ header, body: file.subarray(end, at) });
  }
  return pages;
}

function setNumber(struct: Struct, id: number, value: number): void {
  const field = fieldOf(struct, id);
  if (field?.kind === 'number') field.value = BigInt(value);
}

/** Writes pages one after the other, with the offsets and sizes that they now have. */
function putTogether({ footer, chunks }: ParquetParts, changeFooter: (footer: Struct) => Buffer): Buffer {
  const parts: Buffer[] = [Buffer.from('PAR1')];
  let at = 4;
  for (const { meta, pages } of chunks) {
    const start = at;
    const data = pages.map(({ header, body }) => Buffer.concat([writeStruct(header), body]));
    const hasDictionary = fieldOf(meta, dictionaryPageOffset) !== undefined;
    setNumber(meta, dictionaryPageOffset, start);
    setNumber(meta, dataPageOffset, start + (hasDictionary ? (data[0]?.length ?? 0) : 0));
    for (const page of data) at += page.length;
    setNumber(meta, totalCompressed, at - start);
    parts.push(...data);
  }
  const end = changeFooter(footer);
  const tail = Buffer.alloc(footerTail, 'xxxxPAR1');
  tail.writeUInt32LE(end.length);
  return Buffer.concat([...parts, end, tail]);
}

interface Place {
  value: Thrift;
  /** The list of fields or items that it is in. */
  holder: Field[] | Thrift[];
  at: number;
}

function placesIn(struct: Thrift, found: Place[] = []): Place[] {
  const holder = struct.kind === 'struct' ? struct.fields : struct.kind === 'list' ? struct.items : [];
  for (const [at, one] of holder.entries()) {
    const value = 'id' in one ? one.value : one;
    found.push({ value, holder, at });
    placesIn(value, found);
  }
  return found;
}

const names = ['', 'code', 'time', 'value', 'text_value', 'subject_id', '__proto__', 'two\nlines', 'n'.repeat(70_000)];

function changeValue(random: Random, value: Thrift): void {
  switch (value.kind) {
    case 'number':
      value.value = BigInt.asIntN(64, otherInteger(random, value.value) * (random.chance(0.2) ? -1n : 1n));
      break;
    case 'flag':
      value.value = !value.value;
      break;
    case 'bytes':
      if (random.chance(0.3)) value.length = otherInteger(random, BigInt(value.value.length));
      else value.value = random.chance(0.5) ? Buffer.from(random.pick(names)) : mutateBytes(random, value.value);
      break;
    case 'fixed':
      value.value = random.bytes(value.value.length);
      break;
    case 'list':
      if (random.chance(0.5)) value.count = otherInteger(random, BigInt(value.items.length));
      else value.element = random.below(16);
      break;
    case 'struct':
      value.fields = random.chance(0.5) ? [] : value.fields.slice(random.below(value.fields.length));
  }
}

/** Changes one value or field of a structure, in place. */
function changeStruct(random: Random, struct: Struct): void {
  const places = placesIn(struct);
  if (places.length === 0) return;
  const { value, holder, at } = random.pick(places);
  const list = holder as unknown[];
  const one = list[at] as Field | Thrift;
  switch (random.below(10)) {
    case 0:
      list.splice(at, 1);
      break;
    case 1:
      list.splice(random.below(list.length + 1), 0, structuredBuffers(one));
      break;
    case 2:
      if ('id' in one) one.id = random.pick([0, 1, 2, 3, 5, 9, 15, 16, 127, 32_767, -1]);
      break;
    case 3:
      if ('id' in one) one.type = random.below(16);
      break;
    default:
      changeValue(random, value);
  }
}

/** `structuredClone`, but buffers stay buffers. */
export function structuredBuffers<T>(value: T): T {
  if (value instanceof Uint8Array) return Buffer.from(value) as unknown as T;
  if (Array.isArray(value)) return value.map(structuredBuffers) as unknown as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, structuredBuffers(one) as unknown])) as T;
}

/** The copy shares the structures between footer and chunks, as the original does. */
function copyOf({ footer: original, chunks }: ParquetParts): ParquetParts {
  const footer = structuredBuffers(original);
  const metas = structsOf(footer, rowGroups)
    .flatMap((group) => structsOf(group, columnsOfGroup))
    .map((column) => fieldOf(column, metaData) as Struct);
  return { footer, chunks: metas.map((meta, i) => ({ meta, pages: structuredBuffers(chunks[i]!.pages) })) };
}

/** A mutated copy of the file. */
export function mutateParquet(random: Random, original: ParquetParts): Buffer {
  const parts = copyOf(original);
  const kind = random.below(10);
  if (kind < 5) {
    for (let i = random.between(1, 2); i > 0; i--) {
      const chunk = random.pick(parts.chunks);
      const page = random.pick(chunk.pages);
      const action = random.below(8);
      if (action < 3) changeStruct(random, page.header);
      else if (action < 6) page.body = mutateBytes(random, page.body);
      else if (action === 6) chunk.pages.splice(random.below(chunk.pages.length + 1), 0, structuredBuffers(page));
      else if (chunk.pages.length > 1) chunk.pages.splice(chunk.pages.indexOf(page), 1);
      // Half of the time the header tells the size that the body has now.
      if (random.chance(0.5)) setNumber(page.header, pageCompressed, page.body.length);
    }
  }
  const file = putTogether(parts, (footer) => {
    if (kind >= 5) for (let i = random.between(1, 2); i > 0; i--) changeStruct(random, footer);
    return kind === 9 ? mutateBytes(random, writeStruct(footer)) : writeStruct(footer);
  });
  return random.chance(0.05) ? mutateBytes(random, file) : file;
}
