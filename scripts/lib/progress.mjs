import { say } from './report.mjs';

/** Share of a build that a line of make (`[ 45%]`) or ninja (`[12/45]`) reports, or undefined. */
export function buildShare(line) {
  const percent = /^\[\s*(\d+)%\]/.exec(line);
  if (percent) return Number(percent[1]) / 100;
  const count = /^\[(\d+)\/(\d+)\]/.exec(line);
  return count && Number(count[2]) > 0 ? Number(count[1]) / Number(count[2]) : undefined;
}

/**
 * Progress of one long step: a line that is rewritten on a terminal, elsewhere (log files, CI) a new line for every
 * fifth of the work and at least every 15 seconds.
 */
export class Progress {
  #terminal;
  #lastShare = -1;
  #lastTime = 0;
  #open = false;

  constructor(stream = process.stdout) {
    this.#terminal = Boolean(stream.isTTY);
  }

  update(share, text) {
    const line = `  ${String(Math.floor(share * 100)).padStart(3)}% ${text}`;
    if (this.#terminal) {
      const width = Math.max(20, (process.stdout.columns ?? 80) - 1);
      process.stdout.write(`\r\u001b[2K${line.slice(0, width)}`);
      this.#open = true;
      return;
    }
    const fifth = Math.floor(share * 5);
    if (fifth === this.#lastShare && Date.now() - this.#lastTime < 15_000) return;
    this.#lastShare = fifth;
    this.#lastTime = Date.now();
    say(line);
  }

  end() {
    if (this.#open) process.stdout.write('\r\u001b[2K');
    this.#open = false;
  }
}
