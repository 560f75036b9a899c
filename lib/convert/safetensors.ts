import { quoted } from '../files/quoted.ts';
import { ClmbrError } from '../errors.ts';
import { describeForeignFile, sniffLength } from '../files/file-kind.ts';
import { InputFile } from '../files/input-file.ts';
import type { JsonObject } from './strict-json.ts';
import { isObject, parseStrictJson } from './strict-json.ts';

/** A header of 1,024 layers has 2 MB. */
const maxHeaderBytes = 16 * 1024 * 1024;

/** Bytes of an element, for every type of the format that has whole bytes. */
const elementBytes: ReadonlyMap<string, number> = new Map([
  ['BOOL', 1],
  ['U8', 1],
  ['I8', 1],
  ['F8_E5M2', 1],
  ['F8_E4M3', 1],
  ['F8_E8M0', 1],
  ['I16', 2],
  ['U16', 2],
  ['F16', 2],
  ['BF16', 2],
  ['I32', 4],
  ['U32', 4],
  ['F32', 4],
  ['F64', 8],
  ['I64', 8],
  ['U64', 8],
  ['C64', 8],
]);

export interface SafetensorsTensor {
  name: string;
  file: InputFile;
  dtype: string;
  /** Slowest-running size first. */
  shape: number[];
  /** From the start of the file, in bytes. */
  offset: number;
  byteLength: number;
}

export interface SafetensorsFile {
  input: InputFile;
  tensors: SafetensorsTensor[];
}

function invalid(path: string, message: string, details: Record<string, unknown> = {}): ClmbrError {
  return new ClmbrError('INVALID_SAFETENSORS', `${path}: ${message}`, { details: { path, ...details } });
}

/**
 * Opens a safetensors file and checks its header: every tensor lies inside the file, has as many bytes as its shape and type
 * say, and tensors fill the file without holes or overlap. The caller closes `input`.
 *
 * @throws ClmbrError `FILE_UNREADABLE`, `NOT_A_MODEL`, `INVALID_SAFETENSORS`.
 */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  const input = await InputFile.open(path);
  try {
    const header = await readHeader(input);
    const dataOffset = 8 + header.byteLength;
    const tensors: SafetensorsTensor[] = [];
    for (const [name, entry] of Object.entries(header.json)) {
      if (name === '__metadata__') checkMetadata(input.path, entry);
      else tensors.push(readEntry(input, name, entry, dataOffset));
    }
    checkPlaces(input, tensors, dataOffset);
    return { input, tensors };
  } catch (error) {
    await input.close();
    throw error;
  }
}

async function readHeader(input: InputFile): Promise<{ json: JsonObject; byteLength: number }> {
  const head = await input.head(sniffLength);
  const foreign = describeForeignFile(head, input.size);
  if (foreign !== null && foreign.kind !== 'a safetensors file') {
    throw new ClmbrError(
      'NOT_A_MODEL',
      `${input.path} is ${foreign.kind}, expected a safetensors file; ${foreign.advice}.`,
      {
        details: { path: input.path, found: foreign.kind, advice: foreign.advice },
      },
    );
  }
  if (input.size < 8)
    throw invalid(input.path, `it has ${input.size} bytes, expected at least 8.`, { found: input.size });
  const declared = new DataView(head.buffer, head.byteOffset).getBigUint64(0, true);
  const most = Math.min(maxHeaderBytes, input.size - 8);
  if (declared < 2n || declared > BigInt(most)) {
    throw invalid(input.path, `the length of its header is ${declared}, expected 2 to ${most}.`, {
      expected: most,
      found: declared,
    });
  }
  const bytes = new Uint8Array(Number(declared));
  await input.read(bytes, 8);
  const json = parseStrictJson(bytes, `the header of ${input.path}`, 'INVALID_SAFETENSORS');
  return { json, byteLength: bytes.length };
}

function checkMetadata(path: string, entry: unknown): void {
  if (!isObject(entry) || Object.values(entry).some((value) => typeof value !== 'string')) {
    throw invalid(path, '"__metadata__" is not an object of texts.', { key: '__metadata__' });
  }
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function readEntry(file: InputFile, name: string, entry: unknown, dataOffset: number): SafetensorsTensor {
  const fail = (message: string, details: Record<string, unknown> = {}): never => {
    throw invalid(file.path, `tensor ${quoted(name)} ${message}`, { tensor: name, ...details });
  };
  if (!isObject(entry)) return fail('is not described by an object.');
  const { dtype, shape, data_offsets: offsets, ...others } = entry;
  const [other] = Object.keys(others);
  if (other !== undefined) return fail(`has the unknown field ${quoted(other)}.`);
  if (typeof dtype !== 'string') return fail('has no "dtype".');
  const bytesEach = elementBytes.get(dtype);
  if (bytesEach === undefined) return fail(`has the unknown type ${quoted(dtype)}.`, { found: dtype });
  if (!Array.isArray(shape) || shape.length > 8 || !shape.every(isSize)) {
    return fail(`has the shape ${quoted(shape)}, expected a list of sizes.`, { found: shape });
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) {
    return fail(`has "data_offsets" ${quoted(offsets)}, expected two byte offsets.`, { found: offsets });
  }
  const [begin, end] = offsets as [number, number];
  const byteLength = shape.reduce((product, size) => product * size, bytesEach);
  if (end - begin !== byteLength) {
    return fail(`has ${end - begin} bytes, expected ${byteLength} for ${dtype} [${shape.join(', ')}].`, {
      expected: byteLength,
      found: end - begin,
    });
  }
  return { name, file, dtype, shape, offset: dataOffset + begin, byteLength };
}

function checkPlaces(file: InputFile, tensors: SafetensorsTensor[], dataOffset: number): void {
  let end = dataOffset;
  for (const tensor of tensors.toSorted((a, b) => a.offset - b.offset || a.byteLength - b.byteLength)) {
    if (tensor.offset !== end) {
      const problem = tensor.offset < end ? 'overlaps the tensor before it' : 'leaves a hole before it';
      throw invalid(
        file.path,
        `tensor ${quoted(tensor.name)} ${problem}: it begins at byte ${tensor.offset}, expected ${end}.`,
        {
          tensor: tensor.name,
          expected: end,
          found: tensor.offset,
        },
      );
    }
    end += tensor.byteLength;
  }
  if (end !== file.size) {
    const problem = end > file.size ? 'the file is incomplete' : 'something follows them';
    throw invalid(file.path, `its tensors end at byte ${end} and the file at ${file.size}: ${problem}.`, {
      expected: end,
      found: file.size,
    });
  }
}
