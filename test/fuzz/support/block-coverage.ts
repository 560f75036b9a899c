import { Session } from 'node:inspector/promises';

/** Which blocks of our own code have run, by V8's own counters. Costs milliseconds a look: for choosing a corpus, not for fuzzing. */
export class BlockCoverage {
  readonly #session: Session;
  readonly #folder: string;
  readonly #seen = new Set<string>();

  private constructor(session: Session, folder: string) {
    this.#session = session;
    this.#folder = folder;
  }

  /**
   * Starts counting.
   *
   * @param folder of the code that counts, as a URL that ends in a slash
   */
  static async start(folder: string): Promise<BlockCoverage> {
    const session = new Session();
    session.connect();
    await session.post('Profiler.enable');
    await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
    return new BlockCoverage(session, folder);
  }

  /** How many blocks ran since the last look that had never run before. */
  async fresh(): Promise<number> {
    const before = this.#seen.size;
    const { result } = await this.#session.post('Profiler.takePreciseCoverage');
    for (const { url, functions } of result.filter((script) => script.url.startsWith(this.#folder))) {
      for (const { startOffset, endOffset, count } of functions.flatMap(({ ranges }) => ranges))
        if (count > 0) this.#seen.add(`${url}:${startOffset}-${endOffset}`);
    }
    return this.#seen.size - before;
  }

  get blocks(): number {
    return this.#seen.size;
  }

  stop(): void {
    this.#session.disconnect();
  }
}
