import { quoted } from '../files/quoted.ts';
import { endianness } from 'node:os';
import { ClmbrError } from '../errors.ts';
import { describeForeignFile, sniffLength } from '../files/file-kind.ts';
import { InputFile } from '../files/input-file.ts';
import { HeaderWindow } from './header-window.ts';
import { alignUp, tensorTypes } from './tensor-types.ts';
import type { GgufFile, GgufTensor, GgufValue } from './types.ts';
import { readValue, readValueType } from './values.ts';

const maxEntries = 65_536;
const maxTensors = 65_536;
const maxKeyBytes = 65_535;
/** ggml's own limit, less the byte that ends a string in C. */
const maxTensorNameBytes = 63;
const maxAlignment = 65_536;

/**
 * Reads the header of a GGUF file (version 2 or 3, little endian) and checks it: nothing in the result points outside the
 * file, no two tensors share bytes, and tensors fill the data part of the file without holes.
 *
 * @throws ClmbrError `FILE_UNREADABLE`, `NOT_A_MODEL` (it is another kind of file, which the message names), `INVALID_GGUF`.
 */
export async function openGguf(path: string): Promise<GgufFile> {
  if (endianness() !== 'LE') {
    throw new ClmbrError('UNSUPPORTED_MODEL', 'GGUF files are little endian and this computer is not.');
  }
  const file = await InputFile.open(path);
  try {
    await assertMagic(file);
    const gguf = await readHeader(file);
    await file.assertUnchanged();
    return gguf;
  } finally {
    await file.close();
  }
}

async function assertMagic(file: InputFile): Promise<void> {
  const head = await file.head(sniffLength);
  if (head.length >= 4 && head[0] === 0x47 && head[1] === 0x47 && head[2] === 0x55 && head[3] === 0x46) return;
  const foreign = describeForeignFile(head, file.size);
  const found = foreign?.kind ?? describeUnknown(head);
  throw new ClmbrError(
    'NOT_A_MODEL',
    `${file.path} is ${found}, expected a GGUF file${foreign === null ? '' : `; ${foreign.advice}`}.`,
    { details: { path: file.path, found, advice: foreign?.advice } },
  );
}

/** Bytes of a text are not shown: it may be data of patients in the place of a model. */
function describeUnknown(head: Uint8Array): string {
  const isText = head.every((byte) => byte >= 0x20 || (byte >= 0x09 && byte <= 0x0d));
  return isText ? 'a text' : `something else (its first bytes are ${Buffer.from(head.subarray(0, 4)).toString('hex')})`;
}

async function readHeader(file: InputFile): Promise<GgufFile> {
  const window = new HeaderWindow(file);
  const { version, tensorCount, entryCount } = await window.item(() => readCounts(window));
  const metadata = new Map<string, GgufValue>();
  const metadataTypes = new Map<string, string>();
  for (let i = 0; i < entryCount; i++) {
    const entry = await window.item(() => readEntry(window, i));
    if (metadata.has(entry.key)) throw window.invalid(`key ${quoted(entry.key)} is there twice.`, { key: entry.key });
    metadata.set(entry.key, entry.value);
    metadataTypes.set(entry.key, entry.type);
  }
  const alignment = readAlignment(window, metadata, metadataTypes);
  const tensors: GgufTensor[] = [];
  for (let i = 0; i < tensorCount; i++) tensors.push(await window.item(() => readTensor(window, i)));
  const dataOffset = tensors.length === 0 ? file.size : alignUp(window.offset, alignment);
  const byName = placeTensors(window, tensors, dataOffset, alignment, file.size);
  const { path, size: fileSize, modifiedNs, changedNs } = file;
  const where = { path, fileSize, modifiedNs, changedNs };
  return { ...where, version, alignment, dataOffset, metadata, metadataTypes, tensors: byName };
}

function readCounts(window: HeaderWindow): { version: number; tensorCount: number; entryCount: number } {
  window.bytes(4, 'the magic number');
  const version = window.uint32('the version');
  if (version >= 0x10000 && (version & 0xffff) === 0)
    throw window.invalid('it is a big-endian GGUF file, expected little endian.');
  if (version !== 2 && version !== 3)
    throw window.invalid(`it is GGUF version ${version}, expected 2 or 3.`, { found: version });
  const tensorCount = window.count('the tensor count', 8 + 1 + 4 + 8 + 4 + 8, maxTensors);
  const entryCount = window.count('the metadata count', 8 + 1 + 4 + 1, maxEntries);
  return { version, tensorCount, entryCount };
}

function readEntry(window: HeaderWindow, index: number): { key: string; value: GgufValue; type: string } {
  const key = window.string(`metadata key ${index}`, maxKeyBytes);
  if (key === '') throw window.invalid(`metadata key ${index} is empty.`);
  const what = `key ${quoted(key)}`;
  return { key, ...readValue(window, readValueType(window, what), what) };
}

function readAlignment(window: HeaderWindow, metadata: Map<string, GgufValue>, types: Map<string, string>): number {
  const alignment = metadata.get('general.alignment') ?? 32;
  const type = types.get('general.alignment') ?? 'UINT32';
  const valid =
    type === 'UINT32' && typeof alignment === 'number' && alignment > 0 && (alignment & (alignment - 1)) === 0;
  if (!valid || alignment > maxAlignment) {
    throw window.invalid(
      `key "general.alignment" is ${quoted(alignment)} (${type}), expected a power of two up to ${maxAlignment} (UINT32).`,
      { key: 'general.alignment', found: alignment },
    );
  }
  return alignment;
}

/** Reads one entry of the tensor table; its offset is still relative to the data part. */
function readTensor(window: HeaderWindow, index: number): GgufTensor {
  const name = window.string(`the name of tensor ${index}`, maxTensorNameBytes);
  if (name === '') throw window.invalid(`the name of tensor ${index} is empty.`);
  const what = `tensor ${quoted(name)}`;
  const dimensions = window.uint32(`the dimension count of ${what}`);
  if (dimensions < 1 || dimensions > 4) {
    throw window.invalid(`${what} has ${dimensions} dimensions, expected 1 to 4.`, { tensor: name, found: dimensions });
  }
  const shape: number[] = [];
  let elements = 1;
  for (let d = 0; d < dimensions; d++) {
    const size = window.uint64(`dimension ${d} of ${what}`);
    if (size < 1n || size > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw window.invalid(`dimension ${d} of ${what} is ${size}, expected at least 1.`, { tensor: name, found: size });
    }
    shape.push(Number(size));
    elements *= Number(size);
  }
  const typeNumber = window.uint32(`the type of ${what}`);
  const type = tensorTypes.get(typeNumber);
  if (type === undefined) {
    throw window.invalid(`${what} has storage type ${typeNumber}, which is not known.`, {
      tensor: name,
      found: typeNumber,
    });
  }
  if (shape[0]! % type.blockSize !== 0) {
    throw window.invalid(
      `${what} is ${type.name} with rows of ${shape[0]} elements, expected a multiple of ${type.blockSize}.`,
      { tensor: name, expected: type.blockSize, found: shape[0] },
    );
  }
  const byteLength = (elements / type.blockSize) * type.blockBytes;
  const offset = window.uint64(`the offset of ${what}`);
  if (!Number.isSafeInteger(byteLength) || offset > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw window.invalid(`${what} [${shape.join(', ')}] at offset ${offset} lies outside any file.`, { tensor: name });
  }
  return { name, type: type.name, shape, offset: Number(offset), byteLength };
}

/** Makes offsets absolute and checks that tensors follow one another from the start of the data to the end of the file. */
function placeTensors(
  window: HeaderWindow,
  tensors: readonly GgufTensor[],
  dataOffset: number,
  alignment: number,
  fileSize: number,
): Map<string, GgufTensor> {
  const byName = new Map<string, GgufTensor>();
  for (const tensor of tensors) {
    if (byName.has(tensor.name))
      throw window.invalid(`tensor ${quoted(tensor.name)} is there twice.`, { tensor: tensor.name });
    byName.set(tensor.name, tensor);
  }
  let end = 0;
  for (const tensor of tensors.toSorted((a, b) => a.offset - b.offset)) {
    const expected = alignUp(end, alignment);
    if (tensor.offset !== expected) {
      const problem = tensor.offset < expected ? 'overlaps the tensor before it' : 'leaves a hole before it';
      throw window.invalid(
        `tensor ${quoted(tensor.name)} ${problem}: its offset is ${tensor.offset}, expected ${expected} (alignment ${alignment}).`,
        { tensor: tensor.name, expected, found: tensor.offset },
      );
    }
    end = tensor.offset + tensor.byteLength;
    if (dataOffset + end > fileSize) {
      throw window.invalid(
        `tensor ${quoted(tensor.name)} ends at ${dataOffset + end} and the file at ${fileSize}: the file is incomplete.`,
        { tensor: tensor.name, expected: dataOffset + end, found: fileSize },
      );
    }
  }
  if (tensors.length > 0 && fileSize !== dataOffset + end && fileSize !== dataOffset + alignUp(end, alignment)) {
    throw window.invalid(
      `its tensors end at ${dataOffset + end} and the file at ${fileSize}, expected nothing after them.`,
      {
        expected: dataOffset + end,
        found: fileSize,
      },
    );
  }
  for (const tensor of tensors) tensor.offset += dataOffset;
  return byName;
}
