import type { Command } from 'commander';
import type { Context } from '../options.ts';

export function addDemo(program: Command, _context: Context): void {
  program.command('demo').action(() => undefined);
}
