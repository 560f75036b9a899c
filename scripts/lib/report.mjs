/** A failure that the user can act on: printed as its message, without a stack. */
export class StepError extends Error {}

const seconds = (milliseconds) => `${(milliseconds / 1000).toFixed(1)} s`;

export function say(text) {
  process.stdout.write(`${text}\n`);
}

/** Runs one step and says what it is and how long it took. */
export async function step(title, work) {
  const start = Date.now();
  say(`> ${title}`);
  const result = await work();
  say(`  done in ${seconds(Date.now() - start)}`);
  return result;
}

/** Main function of a script: turns a StepError into one message and exit code 1. */
export async function main(work) {
  try {
    process.exitCode = (await work()) ?? 0;
  } catch (error) {
    process.stderr.write(`\n${error instanceof StepError ? error.message : error.stack}\n`);
    process.exitCode = 1;
  }
}
