import { createHash } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { makeCalls } from './calls.mjs';

/** Share of the time in which pools and caches fill, and nothing is measured. */
const warmUp = 0.2;
const sampleMilliseconds = 10_000;
const abortShare = 0.1;

// What only waits to be collected is no growth, and how much of it there is depends on what else the machine does.
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');

/** When calls began and how long they took. Its memory is there from the start: it must not look like a leak. */
class Latencies {
  #at = new Float64Array(2 ** 20).fill(1);
  #took = new Float64Array(2 ** 20).fill(1);
  length = 0;

  push(at, took) {
    if (this.length === this.#at.length) [this.#at, this.#took] = [this.#at, this.#took].map(doubled);
    this.#at[this.length] = at;
    this.#took[this.length++] = took;
  }

  toArray() {
    return Array.from({ length: this.length }, (_, i) => ({ at: this.#at[i], took: this.#took[i] }));
  }
}

function doubled(values) {
  const result = new Float64Array(2 * values.length);
  result.set(values);
  return result;
}

/** Calls of every kind from several callers at a time, each after its last. */
export class Soak {
  #calls;
  #settings;
  #random = randomFrom(1);
  #firsts = new Map();
  #wrong = [];
  #latencies = new Latencies();
  #counts = {};
  #samples = [];
  #begun = 0;

  /**
   * @param {object} model
   * @param {{minutes: number, callers: number, say: (line: string) => void}} settings
   */
  constructor(model, settings) {
    this.#calls = makeCalls(model);
    this.#settings = settings;
  }

  async run() {
    const { minutes, callers, say } = this.#settings;
    const length = minutes * 60_000;
    this.#begun = performance.now();
    const end = this.#begun + length;
    let told = this.#begun;
    const timer = setInterval(() => {
      const now = performance.now();
      collectGarbage();
      const rss = process.memoryUsage.rss();
      this.#samples.push({ at: now - this.#begun, rss });
      if (now - told < 60_000) return;
      told = now;
      const megabytes = Math.round(rss / 2 ** 20);
      say(`${Math.round((now - this.#begun) / 60_000)} min: ${this.#latencies.length} calls, ${megabytes} MiB`);
    }, sampleMilliseconds);
    try {
      await Promise.all(Array.from({ length: callers }, () => this.#call(end)));
    } finally {
      clearInterval(timer);
    }
    return {
      ...{ length, warmUp: warmUp * length, samples: this.#samples, latencies: this.#latencies.toArray() },
      ...{ counts: this.#counts, wrong: this.#wrong, distinct: this.#firsts.size },
    };
  }

  async #call(end) {
    while (performance.now() < end) {
      const call = this.#calls[Math.floor(this.#random() * this.#calls.length)];
      const isAborted = this.#random() < abortShare;
      await (isAborted ? this.#abort(call) : this.#compare(call));
    }
  }

  async #compare({ name, kind, run }) {
    const start = performance.now();
    try {
      const digest = digestOf(await run());
      this.#latencies.push(start - this.#begun, performance.now() - start);
      this.#count(kind);
      const first = this.#firsts.get(name);
      if (first === undefined) this.#firsts.set(name, digest);
      else if (first !== digest) this.#wrong.push(`${name} gave another result`);
    } catch (error) {
      this.#wrong.push(`${name}: ${error.message}`);
    }
  }

  /** Aborts a call while it waits or computes; one that was done before that is as good as any other. */
  async #abort({ name, run }) {
    const controller = new AbortController();
    const reason = new Error('enough');
    const timer = setTimeout(() => controller.abort(reason), this.#random() * 20);
    try {
      await run(controller.signal);
      this.#count('done before its abort');
    } catch (error) {
      if (error === reason) this.#count('aborted');
      else this.#wrong.push(`${name}, aborted: ${error.message}`);
    } finally {
      clearTimeout(timer);
    }
  }

  #count(kind) {
    this.#counts[kind] = (this.#counts[kind] ?? 0) + 1;
  }
}

/** Mulberry32. */
function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Of every bit of a result. */
function digestOf(result) {
  const hash = createHash('sha256');
  const text = JSON.stringify(result, (_key, value) => {
    if (typeof value === 'bigint') return `${value}n`;
    if (!ArrayBuffer.isView(value)) return Object.is(value, -0) ? '-0' : value;
    hash.update(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
    return value.byteLength;
  });
  return hash.update(text).digest('hex');
}
