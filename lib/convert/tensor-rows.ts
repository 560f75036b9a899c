import { quoted } from '../files/quoted.ts';
import { ClmbrError } from '../errors.ts';
import { rowBytes } from '../gguf/tensor-types.ts';
import type { WeightType } from '../types.ts';
import type { FloatType } from './floats.ts';
import { floatBytes, indexOfNonFinite, narrow, rawBits, widen } from './floats.ts';
import { quantizeQ8 } from './q8.ts';
import type { SafetensorsTensor } from './safetensors.ts';

/** Read at a time, unless one row or one head is larger. */
const chunkBytes = 4 * 1024 * 1024;

/** A weight on its way from a checkpoint into a GGUF file. */
export interface TensorJob {
  source: SafetensorsTensor & { dtype: FloatType };
  type: WeightType;
  rows: number;
  columns: number;
  /** Heads whose rows are put in llama.cpp's order; 0 for none. */
  permutedHeads: number;
}

/**
 * Puts the rows of whole heads in llama.cpp's order, in which the two rows that rotate together are neighbours: row
 * `j * size / 2 + i` of a head becomes row `2i + j`.
 */
export function permuteHeadRows(from: Uint8Array, to: Uint8Array, headSize: number, bytesPerRow: number): void {
  const half = headSize / 2;
  const rows = from.length / bytesPerRow;
  for (let row = 0; row < rows; row++) {
    const inHead = row % headSize;
    const target = row - inHead + 2 * (inHead % half) + (inHead < half ? 0 : 1);
    to.set(from.subarray(row * bytesPerRow, (row + 1) * bytesPerRow), target * bytesPerRow);
  }
}

function badValue(job: TensorJob, element: number, problem: string): ClmbrError {
  const { name, file } = job.source;
  const row = Math.floor(element / job.columns);
  const at = `row ${row}, column ${element % job.columns}`;
  return new ClmbrError('INVALID_SAFETENSORS', `${file.path}: tensor ${quoted(name)} has ${problem} at ${at}.`, {
    details: { path: file.path, tensor: name, row, column: element % job.columns },
  });
}

/** Converts weights chunk by chunk, with buffers that are used again from tensor to tensor. */
export class RowConverter {
  #source = new ArrayBuffer(0);
  #permuted = new ArrayBuffer(0);
  #floats = new Float32Array(0);
  #output = new ArrayBuffer(0);

  /**
   * Yields the bytes of one tensor of the GGUF file in order. A piece is valid until the next one is asked for.
   *
   * @throws ClmbrError `INVALID_SAFETENSORS` for an infinity, a NaN, or a number that the target type cannot hold.
   */
  async *convert(job: TensorJob): AsyncGenerator<{ bytes: Uint8Array; sourceBytes: number }> {
    const { source, rows, columns } = job;
    const sourceRow = columns * floatBytes[source.dtype];
    const unit = job.permutedHeads === 0 ? 1 : rows / job.permutedHeads;
    const step = Math.min(rows, unit * Math.max(1, Math.floor(chunkBytes / (sourceRow * unit))));
    if (this.#source.byteLength < step * sourceRow) this.#source = new ArrayBuffer(step * sourceRow);
    for (let row = 0; row < rows; row += step) {
      const count = Math.min(step, rows - row);
      const chunk = new Uint8Array(this.#source, 0, count * sourceRow);
      await source.file.read(chunk, source.offset + row * sourceRow);
      const raw = rawBits(source.dtype, chunk);
      const bad = indexOfNonFinite(source.dtype, raw);
      if (bad >= 0) throw badValue(job, row * columns + bad, 'an infinity or NaN');
      const ordered = job.permutedHeads === 0 ? chunk : this.#permute(chunk, unit, sourceRow);
      yield { bytes: this.#encode(job, ordered, row), sourceBytes: chunk.length };
    }
  }

  #permute(chunk: Uint8Array, headSize: number, bytesPerRow: number): Uint8Array {
    if (this.#permuted.byteLength < chunk.length) this.#permuted = new ArrayBuffer(chunk.length);
    const target = new Uint8Array(this.#permuted, 0, chunk.length);
    permuteHeadRows(chunk, target, headSize, bytesPerRow);
    return target;
  }

  #encode(job: TensorJob, bytes: Uint8Array, row: number): Uint8Array {
    const { dtype } = job.source;
    if (dtype === job.type) return bytes;
    const raw = rawBits(dtype, bytes);
    if (this.#floats.length < raw.length) this.#floats = new Float32Array(raw.length);
    const floats = this.#floats.subarray(0, raw.length);
    widen(dtype, raw, floats);
    if (job.type === 'F32') return new Uint8Array(floats.buffer, 0, floats.byteLength);
    const length = rowBytes(job.type, job.columns) * (raw.length / job.columns);
    if (this.#output.byteLength < length) this.#output = new ArrayBuffer(length);
    const output = new Uint8Array(this.#output, 0, length);
    const bad =
      job.type === 'Q8_0'
        ? quantizeQ8(floats, output)
        : narrow(job.type, floats, new Uint16Array(this.#output, 0, raw.length));
    if (bad >= 0)
      throw badValue(job, row * job.columns + bad, `a number too large for ${job.type} (choose another --type)`);
    return output;
  }
}
