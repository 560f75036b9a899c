import type { InputFile } from '../../files/input-file.ts';

/** Where something lies in an archive. */
interface Place {
  offset: number;
  bytes: number;
}

export interface StoredEntry extends Place {
  /** Checksum of the content. */
  crc32: number;
}

const endMark = 0x06054b50;
const end64Mark = 0x06064b50;
const locatorMark = 0x07064b50;
const centralMark = 0x02014b50;
const localMark = 0x04034b50;
const endBytes = 22;
const mostDirectoryBytes = 1024 * 1024;

/** Entries of a ZIP archive as `zip` writes it: stored as they are, without a comment. Undefined where it is something else. */
export async function readZipDirectory(file: InputFile): Promise<Map<string, StoredEntry> | undefined> {
  const place = await findDirectory(file);
  if (place === undefined || place.bytes > mostDirectoryBytes || place.offset + place.bytes > file.size)
    return undefined;
  const directory = Buffer.alloc(place.bytes);
  await file.read(directory, place.offset);
  const entries = new Map<string, StoredEntry>();
  for (let at = 0; at + 46 <= directory.length && directory.readUInt32LE(at) === centralMark; ) {
    const nameBytes = directory.readUInt16LE(at + 28);
    const extraBytes = directory.readUInt16LE(at + 30);
    const isStored = directory.readUInt16LE(at + 10) === 0;
    const name = directory.toString('utf8', at + 46, at + 46 + nameBytes);
    const extra = directory.subarray(at + 46 + nameBytes, at + 46 + nameBytes + extraBytes);
    const { bytes, header } = sizesOf(directory.subarray(at, at + 46), extra);
    if (!Number.isSafeInteger(bytes)) return undefined;
    const local = await readAt(file, header, 30);
    if (!isStored || local === undefined || local.readUInt32LE(0) !== localMark) return undefined;
    const offset = header + 30 + local.readUInt16LE(26) + local.readUInt16LE(28);
    if (offset + bytes > file.size) return undefined;
    entries.set(name, { offset, bytes, crc32: directory.readUInt32LE(at + 16) });
    at += 46 + nameBytes + extraBytes + directory.readUInt16LE(at + 32);
  }
  return entries;
}

async function findDirectory(file: InputFile): Promise<Place | undefined> {
  const end = await readAt(file, file.size - endBytes, endBytes);
  if (end === undefined || end.readUInt32LE(0) !== endMark) return undefined;
  const locator = await readAt(file, file.size - endBytes - 20, 20);
  if (locator === undefined || locator.readUInt32LE(0) !== locatorMark)
    return { bytes: end.readUInt32LE(12), offset: end.readUInt32LE(16) };
  const end64 = await readAt(file, Number(locator.readBigUInt64LE(8)), 56);
  if (end64 === undefined || end64.readUInt32LE(0) !== end64Mark) return undefined;
  return { bytes: Number(end64.readBigUInt64LE(40)), offset: Number(end64.readBigUInt64LE(48)) };
}

/** Sizes that do not fit 32 bits stand in an extra field, in this order: content, stored content, place. */
function sizesOf(entry: Buffer, extra: Buffer): { bytes: number; header: number } {
  let [bytes, header] = [entry.readUInt32LE(24), entry.readUInt32LE(42)];
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) !== 1) continue;
    let value = at + 4;
    const next = () => (value + 8 > extra.length ? NaN : Number(extra.readBigUInt64LE((value += 8) - 8)));
    if (bytes === 0xffffffff) bytes = next();
    if (entry.readUInt32LE(20) === 0xffffffff) next();
    if (header === 0xffffffff) header = next();
  }
  return { bytes, header };
}

async function readAt(file: InputFile, offset: number, bytes: number): Promise<Buffer | undefined> {
  if (!(offset >= 0 && offset + bytes <= file.size)) return undefined;
  const buffer = Buffer.alloc(bytes);
  await file.read(buffer, offset);
  return buffer;
}
