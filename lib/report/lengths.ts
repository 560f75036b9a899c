/** How many numbers there are in a set of lengths, and how they are spread. Null where there are none. */
export interface LengthSummary {
  min: number;
  p25: number;
  p50: number;
  p75: number;
  p90: number;
  p95: number;
  p99: number;
  max: number;
  mean: number;
}

/** Lengths below are counted one by one. */
const exact = 16_384;
/** Above, each power of two is cut into this many equal parts. */
const parts = 128;
const firstOctave = Math.log2(exact);
const octaves = 53 - firstOctave;

/**
 * Counts lengths in bounded memory. Quantiles are the smallest length that at least the given share does not exceed: exact below 16,384, above
 * it at most 0.8 % too low. Least, greatest and mean are exact.
 */
export class LengthHistogram {
  readonly #counts = new Float64Array(exact + octaves * parts);
  #count = 0;
  #sum = 0;
  #min = Infinity;
  #max = 0;

  /** @param length whole, from 0 to 2^53 - 1 */
  add(length: number): void {
    this.#counts[slotOf(length)]!++;
    this.#count++;
    this.#sum += length;
    if (length < this.#min) this.#min = length;
    if (length > this.#max) this.#max = length;
  }

  get sum(): number {
    return this.#sum;
  }

  summary(): LengthSummary | null {
    if (this.#count === 0) return null;
    const [p25, p50, p75, p90, p95, p99] = this.#quantiles([0.25, 0.5, 0.75, 0.9, 0.95, 0.99]) as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    return { min: this.#min, p25, p50, p75, p90, p95, p99, max: this.#max, mean: this.#sum / this.#count };
  }

  #quantiles(shares: readonly number[]): number[] {
    const result: number[] = [];
    let seen = 0;
    for (let slot = 0; slot < this.#counts.length && result.length < shares.length; slot++) {
      seen += this.#counts[slot]!;
      // A share of a whole number of lengths must not miss it by a rounding error.
      while (result.length < shares.length && seen >= shares[result.length]! * this.#count * (1 - 1e-12))
        result.push(Math.max(this.#min, lengthOf(slot)));
    }
    return result;
  }
}

function slotOf(length: number): number {
  if (length < exact) return length;
  const octave = Math.floor(Math.log2(length));
  const within = Math.floor((length / 2 ** octave - 1) * parts);
  return exact + (octave - firstOctave) * parts + within;
}

/** The least length that is counted in a slot. */
function lengthOf(slot: number): number {
  if (slot < exact) return slot;
  const octave = Math.floor((slot - exact) / parts);
  return 2 ** (firstOctave + octave) * (1 + ((slot - exact) % parts) / parts);
}
