import { lstat, stat } from 'node:fs/promises';
import { UsageError } from './errors.ts';

/** Refuses an output that would take the place of a file that the command reads. Of a link, only the link itself would be replaced. */
export async function refuseInputAsOutput(out: string, inputs: readonly (string | undefined)[]): Promise<void> {
  const taken = await lstat(out, { bigint: true }).catch(() => null);
  if (taken === null) return;
  for (const input of inputs) {
    const found = input === undefined ? null : await stat(input, { bigint: true }).catch(() => null);
    if (found?.dev === taken.dev && found.ino === taken.ino)
      throw new UsageError(
        `--out is "${out}", which would replace ${input}, expected another file than those that are read`,
      );
  }
}
