import { constants } from 'node:os';

/** A runner such as npm or timeout passes a signal on that the terminal or itself has sent to the whole group already: both count as one. */
const sameSignalMs = 500;

/** The reason of the signal that commands get when the user stops them. */
export class Interrupted extends Error {
  readonly exitCode: number;

  constructor(name: 'SIGINT' | 'SIGTERM') {
    super(`stopped by ${name}`);
    this.exitCode = exitCodeOf(name);
  }
}

/** Turns the first Ctrl-C (or SIGTERM) into an abort, after which a command cleans up; a later one ends the process at once. */
export class Interruption {
  readonly #controller = new AbortController();
  #since = 0;

  constructor() {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => this.#receive(name));
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  #receive(name: 'SIGINT' | 'SIGTERM'): void {
    if (!this.signal.aborted) {
      this.#since = performance.now();
      this.#controller.abort(new Interrupted(name));
    } else if (performance.now() - this.#since > sameSignalMs) {
      process.exit(exitCodeOf(name));
    }
  }
}

/** As a shell counts it. */
function exitCodeOf(name: 'SIGINT' | 'SIGTERM'): number {
  return 128 + constants.signals[name];
}
