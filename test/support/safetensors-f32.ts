import { readFileSync } from 'node:fs';

/** Rows of the F32 matrices in a safetensors file, by name. */
export function readF32Tensors(path: string): Map<string, Float32Array[]> {
  const file = readFileSync(path);
  const headerEnd = 8 + Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString('utf8', 8, headerEnd)) as Record<
    string,
    { dtype: string; shape: [number, number]; data_offsets: [number, number] }
  >;
  const tensors = new Map<string, Float32Array[]>();
  for (const [name, { dtype, shape, data_offsets: offsets }] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    if (dtype !== 'F32' || shape.length !== 2) throw new Error(`${path}: expected rows of F32 in ${name}`);
    const numbers = new Float32Array(shape[0] * shape[1]);
    new Uint8Array(numbers.buffer).set(file.subarray(headerEnd + offsets[0], headerEnd + offsets[1]));
    const rows = Array.from({ length: shape[0] }, (_, i) => numbers.subarray(i * shape[1], (i + 1) * shape[1]));
    tensors.set(name, rows);
  }
  return tensors;
}
