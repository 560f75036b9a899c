import { execFileSync, spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/temporary.ts';
import { demoCohort, demoModel, eventText, jsonLines } from './cohort.ts';
import { byPatientAndTime, parseRow, plainRows } from './rows.ts';

const cases = fileURLToPath(new URL('filter_cases.py', import.meta.url));
const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
// The syntax of its types needs 3.10.
const probe = spawnSync('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 10))']);
const hasPython = probe.status === 0;

const folder = await temporaryFolder();

function python(name: string, ...args: string[]): string {
  return execFileSync('python3', [cases, name, ...args], { encoding: 'utf8', maxBuffer: 2 ** 28, timeout: 50_000 });
}
const outcome = (...args: [string, ...string[]]) => JSON.parse(python(...args)) as { result?: unknown; error?: string };

describe.skipIf(!hasPython)('a task of a data engine', () => {
  it('gives the rows of clmbr embed bit by bit, identifiers and times exact', async () => {
    const cohort = await demoCohort(24);
    const rows = cohort.flatMap(({ id, events, at }) => [
      ...at.map((time) => `[${id},true,"${time}"]`),
      ...events.map(({ start, ...event }) => `[${id},false,${JSON.stringify(eventText(event, start))}]`),
    ]);
    const path = join(folder, 'rows.json');
    await writeFile(path, `[${rows.join()}]`);
    const command = [process.execPath, main, 'embed', demoModel, '-', '--out', '-', '--quiet', '--threads', '1'];
    // As text: JSON.parse would round the identifiers.
    const printed = python('embed', path, ...command);
    const lines = [...printed.matchAll(/\{[^{}]*"representation"[^{}]*\}/g)].map(([line]) => line);
    const expected = await plainRows(jsonLines(cohort, { withLabels: true }));
    expect(expected).toHaveLength(48);
    expect(lines.map(parseRow).sort(byPatientAndTime)).toEqual(expected);
  });

  it('passes on the message of the command', () => {
    const command = [process.execPath, main, 'embed', demoModel, '-', '--out', '-', '--quiet'];
    expect(outcome('run', ...command).error).toMatch(/^EmbedError: clmbr: standard input:1: .*\(exit code 1\)$/);
    expect(outcome('failing_command').error).toBe('EmbedError: clmbr: what went wrong (exit code 1)');
    expect(outcome('deaf_command').error).toMatch(/^EmbedError: .*\(exit code 0\)$/);
    expect(outcome('run', 'no-such-command').error).toMatch(/^FileNotFoundError: .*no-such-command/);
  });

  it('fails when its source fails, instead of taking a part for all', () => {
    expect(outcome('failing_source').error).toMatch(/^KeyError: .*the table is gone/);
  });

  it('reads whole numbers as floats, with their sign, and identifiers exactly', () => {
    expect(outcome('numbers').result).toEqual(['4611686018427387905', '[1.0, -0.0, 0.0, -0.5, 1e-45]']);
  });

  it('moves more than any pipe holds, in both directions', () => expect(outcome('much').result).toBe(true));

  it('takes no more than the pipes hold while nobody reads', () => {
    // Lines of 5 KB and answers of 15 KB: two pipes of 64 KiB and the buffers at their ends.
    expect(outcome('slow_reader').result).toBeLessThan(200);
  });

  it('starts nothing for an empty partition', () => expect(outcome('nothing').result).toEqual([]));

  it('makes one line of the rows of a subject', () => {
    const rows = '[[9,true,"-5"],[9,true,"7"],[9,false,"{}"],[9,false,"{\\"code\\":\\"a\\"}"],[3,false,"{}"]]';
    const expected = ['{"id":9,"events":[{},{"code":"a"}],"at":[-5,7]}', '{"id":3,"events":[{}]}'];
    expect(outcome('lines', rows).result).toEqual(expected);
  });

  it('refuses label times of a subject without events, or leaves them out', () => {
    const rows = '[[1,false,"{}"],[2,true,"7"]]';
    expect(outcome('lines', rows).error).toMatch(/^ValueError: expected events of every subject/);
    expect(outcome('lines', rows, 'skip').result).toEqual(['{"id":1,"events":[{}]}']);
  });
});
