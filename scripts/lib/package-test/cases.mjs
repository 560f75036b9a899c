import { say } from '../report.mjs';

/** Thrown by a case that cannot run here. */
export class NotRun extends Error {}

/** Runs cases one after the other and prints a line for each: how it went, seconds, name, a remark. */
export class Cases {
  #only;
  counts = { passed: 0, failed: 0, skipped: 0 };

  /** @param {string[]} only words; a case runs when its name holds one of them (or when there are none), and what `npm:` begins */
  constructor(only) {
    this.#only = only;
  }

  /**
   * @param {string} name
   * @param {() => Promise<string | void>} work returns a remark
   */
  async run(name, work) {
    if (this.#only.length > 0 && !name.startsWith('npm:') && !this.#only.some((word) => name.includes(word))) return;
    const start = performance.now();
    const [outcome, remark] = await this.#outcome(work);
    const seconds = ((performance.now() - start) / 1000).toFixed(1).padStart(6);
    say(`${outcome.padEnd(7)} ${seconds} s  ${name}${remark ? `: ${remark}` : ''}`);
  }

  async #outcome(work) {
    try {
      const remark = await work();
      this.counts.passed++;
      return ['ok', remark];
    } catch (error) {
      if (error instanceof NotRun) {
        this.counts.skipped++;
        return ['not run', error.message];
      }
      this.counts.failed++;
      return ['failed', error.message.trim().split('\n').slice(0, 8).join('\n    ')];
    }
  }
}
