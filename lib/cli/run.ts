import type { Command } from 'commander';
import { CommanderError } from 'commander';
import { exitCodeOf, explain, stackOf } from './errors.ts';
import { Interruption } from './interruption.ts';
import { createProgram } from './program.ts';

/** Runs the command line and ends the process: 0, 1 when it failed, 2 for wrong usage, 128 and the signal's number when it was stopped. */
export async function runCommandLine(argv: readonly string[]): Promise<void> {
  // Errors of writing reach the writer; without a listener they would also end the process.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  const interruption = new Interruption();
  const program = createProgram({ signal: interruption.signal });
  // Node would print the message and the line of source that threw.
  process.on('uncaughtException', (error) => {
    tell(error, program);
    process.exit(1);
  });
  const code = await run(program, argv);
  await flushed(process.stdout);
  await flushed(process.stderr);
  process.exit(code);
}

async function run(program: Command, argv: readonly string[]): Promise<number> {
  try {
    if (argv.length <= 2) program.error('a command is missing');
    await program.parseAsync(argv);
    return 0;
  } catch (error) {
    // Commander has printed its message (or the help) already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    // Whoever read the output has seen enough.
    if ((error as NodeJS.ErrnoException | null)?.code === 'EPIPE') return 0;
    tell(error, program);
    return exitCodeOf(error);
  }
}

function tell(error: unknown, program: Command): void {
  const isDebugging = program.opts<{ debug?: boolean }>().debug === true;
  process.stderr.write(`clmbr: ${explain(error)}\n`);
  if (isDebugging && error instanceof Error) process.stderr.write(`${stackOf(error)}\n`);
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || !stream.writable) resolve();
    else stream.write('', () => resolve());
  });
}
