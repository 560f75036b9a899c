/** Means of samples and how far they can be trusted. Pure. */

export interface Estimate {
  value: number;
  /** Infinity where one sample says nothing of the spread. */
  standardError: number;
  /** 95 %. */
  interval: [low: number, high: number];
}

/** The normal distribution has 95 % within so many standard deviations. */
const z = 1.959963984540054;

/** A share of samples, with Wilson's interval: it holds for few samples and rare outcomes, and is never empty at 0 or 1. */
export function shareEstimate(hits: number, samples: number): Estimate {
  const value = hits / samples;
  const standardError = Math.sqrt((value * (1 - value)) / samples);
  const scale = 1 + (z * z) / samples;
  const centre = (value + (z * z) / (2 * samples)) / scale;
  const half = (z * Math.sqrt(standardError ** 2 + (z * z) / (4 * samples ** 2))) / scale;
  const low = hits === 0 ? 0 : Math.max(0, centre - half);
  const high = hits === samples ? 1 : Math.min(1, centre + half);
  return { value, standardError, interval: [low, high] };
}

/**
 * A standard error that no hits, or nothing but hits, do not make 0: as if four more samples had been drawn, two of them hits (Agresti and
 * Coull). To decide whether more samples are needed.
 */
export function cautiousShareError(hits: number, samples: number): number {
  const value = (hits + 2) / (samples + 4);
  return Math.sqrt((value * (1 - value)) / (samples + 4));
}

/** A running mean and variance (Welford). */
export class Moments {
  #count = 0;
  #mean = 0;
  #squares = 0;

  add(value: number): void {
    this.#count++;
    const distance = value - this.#mean;
    this.#mean += distance / this.#count;
    this.#squares += distance * (value - this.#mean);
  }

  /** The mean with Student's interval, cut to where the quantity can lie. */
  estimate(least: number, most: number): Estimate {
    const value = this.#mean;
    if (this.#count < 2) return { value, standardError: Infinity, interval: [least, most] };
    const standardError = Math.sqrt(this.#squares / (this.#count - 1) / this.#count);
    const half = studentQuantile(this.#count - 1) * standardError;
    return { value, standardError, interval: [Math.max(least, value - half), Math.min(most, value + half)] };
  }
}

/** Student's t has 95 % within this many units, within 0.2 % (the series of Cornish and Fisher from 3 degrees of freedom on). */
export function studentQuantile(degrees: number): number {
  if (degrees === 1) return 12.706204736;
  if (degrees === 2) return 4.30265273;
  const terms = [
    (z ** 3 + z) / 4,
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96,
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384,
    (79 * z ** 9 + 776 * z ** 7 + 1482 * z ** 5 - 1920 * z ** 3 - 945 * z) / 92160,
  ];
  return terms.reduce((sum, term, i) => sum + term / degrees ** (i + 1), z);
}
