import { constants } from 'node:os';

/** The reason of the signal that commands get when the user stops them. */
export class Interrupted extends Error {
  readonly exitCode: number;

  constructor(name: 'SIGINT' | 'SIGTERM') {
    super(`stopped by ${name}`);
    this.exitCode = exitCodeOf(name);
  }
}

/** Turns the first Ctrl-C (or SIGTERM) into an abort, after which a command cleans up; the second ends the process at once. */
export class Interruption {
  readonly #controller = new AbortController();

  constructor() {
    for (const name of ['SIGINT', 'SIGTERM'] as const) {
      process.on(name, () => {
        if (this.signal.aborted) process.exit(exitCodeOf(name));
        this.#controller.abort(new Interrupted(name));
      });
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }
}

/** As a shell counts it. */
function exitCodeOf(name: 'SIGINT' | 'SIGTERM'): number {
  return 128 + constants.signals[name];
}
