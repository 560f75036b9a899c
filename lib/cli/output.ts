/** Writes to standard output and waits until it is taken, so that a slow reader slows the command. Rejects with `EPIPE` when nobody reads any more. */
export function print(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
  });
}

/** A line for people beside the output proper. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}
