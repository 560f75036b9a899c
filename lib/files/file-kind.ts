/**
 * Names what a file is when it is not the model that was expected. Most "corrupt models" are downloads that went wrong, and
 * the first bytes tell which way.
 */
export interface ForeignFile {
  /** What it is, with article: "an HTML page". */
  kind: string;
  /** What to do about it, as a clause. */
  advice: string;
}

/** How many bytes from the start {@link describeForeignFile} wants to see. */
export const sniffLength = 4096;

const loginAdvice =
  'the download gave a web page instead of the file: log in to the site, accept its terms and download again';

interface Signature {
  bytes: readonly number[];
  kind: string;
  advice: string;
}

const convertPickle =
  'pickles can run code and are not read: load it with transformers and save it with save_pretrained(..., safe_serialization=True)';

const signatures: readonly Signature[] = [
  {
    bytes: [0x50, 0x4b, 0x03, 0x04],
    kind: 'a ZIP archive (a PyTorch pickle such as pytorch_model.bin is one)',
    advice: convertPickle,
  },
  { bytes: [0x1f, 0x8b], kind: 'a gzip archive', advice: 'unpack it first' },
  { bytes: [0x28, 0xb5, 0x2f, 0xfd], kind: 'a Zstandard archive', advice: 'unpack it first' },
  { bytes: [0x42, 0x5a, 0x68], kind: 'a bzip2 archive', advice: 'unpack it first' },
  { bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a], kind: 'an xz archive', advice: 'unpack it first' },
  {
    bytes: [0x89, 0x48, 0x44, 0x46],
    kind: 'an HDF5 file',
    advice: 'save the checkpoint as safetensors with transformers',
  },
  { bytes: [0x50, 0x41, 0x52, 0x31], kind: 'a Parquet file', advice: 'that is data, not a model' },
  {
    bytes: [0x6c, 0x6d, 0x67, 0x67],
    kind: 'a GGML file of the time before GGUF',
    advice: 'convert the original checkpoint again',
  },
  {
    bytes: [0x74, 0x6a, 0x67, 0x67],
    kind: 'a GGJT file of the time before GGUF',
    advice: 'convert the original checkpoint again',
  },
];

function startsWith(bytes: Uint8Array, prefix: readonly number[]): boolean {
  return bytes.length >= prefix.length && prefix.every((value, index) => bytes[index] === value);
}

/** Protocol 2 and later of Python's pickle begins with 0x80 and the protocol number, and goes on with a known opcode. */
function isPickle(bytes: Uint8Array): boolean {
  return bytes[0] === 0x80 && bytes[1] !== undefined && bytes[1] >= 2 && bytes[1] <= 5 && bytes.length > 2;
}

function isSafetensors(bytes: Uint8Array, fileSize: number): boolean {
  if (bytes.length < 9 || bytes[8] !== 0x7b) return false;
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  return length + 8n <= BigInt(fileSize);
}

function describeText(text: string): ForeignFile | null {
  if (/^\s*(<!doctype html|<html|<head|<\?xml|<body)/i.test(text)) return { kind: 'an HTML page', advice: loginAdvice };
  if (text.startsWith('version https://git-lfs.github.com/spec/')) {
    return { kind: 'a Git LFS pointer', advice: 'fetch the content that it stands for with `git lfs pull`' };
  }
  if (/^\s*(Access to (model|this)|Invalid username|Repository not found|Entry not found)/i.test(text)) {
    return { kind: 'an error message of a download site', advice: loginAdvice };
  }
  if (/^\s*[{[]/.test(text)) return { kind: 'a JSON text', advice: 'check that the right file was given' };
  return null;
}

/**
 * Says what a file is by its first bytes, or null when nothing known matches.
 *
 * @param head the first {@link sniffLength} bytes (fewer when the file is shorter)
 * @param fileSize in bytes
 */
export function describeForeignFile(head: Uint8Array, fileSize: number): ForeignFile | null {
  if (fileSize === 0) return { kind: 'an empty file', advice: 'download or copy it again' };
  if (startsWith(head, [0x47, 0x47, 0x55, 0x46]))
    return { kind: 'a GGUF file', advice: 'give it where a GGUF file is expected' };
  // Before the signatures: a header length may begin like any of them.
  if (isSafetensors(head, fileSize)) {
    return {
      kind: 'a safetensors file',
      advice: 'convert the folder that holds it with `clmbr convert <folder> <out.gguf>`',
    };
  }
  for (const { bytes, kind, advice } of signatures) if (startsWith(head, bytes)) return { kind, advice };
  if (isPickle(head)) return { kind: 'a Python pickle (such as pytorch_model.bin)', advice: convertPickle };
  if (head.length >= 64 && head.every((byte) => byte === 0)) {
    return { kind: 'a file of zeros', advice: 'the download or copy was not finished: do it again' };
  }
  const text = new TextDecoder('utf-8').decode(head.subarray(0, 512)).replace(/^\uFEFF/, '');
  return describeText(text);
}
