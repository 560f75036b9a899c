/** A row of a matrix and how near it is. */
export interface Neighbour {
  row: number;
  /** Cosine, from -1 to 1. */
  similarity: number;
}

interface Vectors {
  data: Float32Array;
  dimensions: number;
  rows: readonly unknown[];
}

/**
 * All rows but `row`, the most similar first: by the cosine of their vectors after the mean of all is taken away, without which every pair is
 * similar, because all timelines have much in common.
 */
export function nearestRows({ data, dimensions, rows }: Vectors, row: number): Neighbour[] {
  const centred = centre(data, rows.length, dimensions);
  const vector = (i: number) => centred.subarray(i * dimensions, (i + 1) * dimensions);
  const own = vector(row);
  return rows
    .map((_, i) => ({ row: i, similarity: cosine(own, vector(i)) }))
    .filter((neighbour) => neighbour.row !== row)
    .sort((a, b) => b.similarity - a.similarity);
}

function centre(data: Float32Array, rows: number, dimensions: number): Float64Array {
  const centred = Float64Array.from(data);
  for (let column = 0; column < dimensions; column++) {
    let sum = 0;
    for (let i = column; i < centred.length; i += dimensions) sum += centred[i]!;
    for (let i = column; i < centred.length; i += dimensions) centred[i]! -= sum / rows;
  }
  return centred;
}

function cosine(a: Float64Array, b: Float64Array): number {
  let [dot, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    dot += a[i]! * b[i]!;
    aa += a[i]! * a[i]!;
    bb += b[i]! * b[i]!;
  }
  const norm = Math.sqrt(aa * bb);
  return norm === 0 ? 0 : dot / norm;
}
