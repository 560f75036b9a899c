import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createProgram } from '../../lib/cli/program.ts';
import type { ClmbrModel } from '../../lib/model/index.ts';
import { bare, bareId, measured, unknown } from '../support/events.ts';
import { convertedModel, modelLoader, randomIds } from '../support/model.ts';
import { temporaryFolder } from '../support/temporary.ts';

const folder = await temporaryFolder();
const load = modelLoader();
const data = join(folder, 'patients.jsonl');
const patients = [
  { id: 'a', events: [bare(1), unknown(), measured(2), bare(5)], at: ['2024-01-01'] },
  { id: 'b', ids: randomIds(4, 75, 61) },
  { id: 12, events: [unknown()] },
];
let path: string;
let model: ClmbrModel;
beforeAll(async () => {
  const shape = { vocabularySize: 61, vocabulary: true, contextLength: 32 };
  ({ path } = await convertedModel(folder, 'model', shape));
  model = await load(path, { threads: 1 });
  await writeFile(data, patients.map((patient) => JSON.stringify(patient)).join('\n'));
});
afterEach(() => vi.restoreAllMocks());

/** What the command writes to standard output. */
async function run(...flags: string[]): Promise<string> {
  let text = '';
  vi.spyOn(process.stdout, 'write').mockImplementation(((chunk: string, done?: () => void) => {
    text += chunk;
    done?.();
    return true;
  }) as typeof process.stdout.write);
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    const program = createProgram({ signal: new AbortController().signal });
    await program.parseAsync(['node', 'clmbr', 'evaluate', path, data, '--quiet', ...flags]);
  } finally {
    vi.restoreAllMocks();
  }
  return text;
}

const linesOf = (text: string): unknown[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line): unknown => JSON.parse(line));

describe('clmbr evaluate', () => {
  it('--perplexity prints tokens, mean log-probability and perplexity of all', async () => {
    const expected = (await model.evaluate(patients, { perplexity: true, stride: 5 })).perplexity!;
    const rows = (await run('--perplexity', '--stride', '5')).trimEnd().split('\n');
    const numbers = rows.map((row) => /^(tokens|mean log-prob|ppl) +(\S+)$/.exec(row)!.slice(1));
    expect(numbers.map(([name]) => name)).toEqual(['tokens', 'mean log-prob', 'ppl']);
    expect(Number(numbers[0]![1])).toBe(expected.tokens);
    expect(Number(numbers[1]![1])).toBeCloseTo(expected.meanLogProb, 5);
    expect(Number(numbers[2]![1]) / expected.ppl).toBeCloseTo(1, 6);
  });

  it('--json prints what the library returns', async () => {
    const flags = ['--top', '2', '--target', 'TEST/3', '9', '--target', '[EOS]', '--surprisal', '--perplexity'];
    const asked = { topK: 2, targets: ['TEST/3', 9, '[EOS]'], surprisal: true, perplexity: true };
    const result = await model.evaluate(patients, asked);
    const lines = linesOf(await run(...flags, '--json'));
    expect(lines).toHaveLength(4);
    for (const [i, { id, rows, surprisal, perplexity }] of result.patients.entries()) {
      const dated = rows.map((row) => ({ ...row, time: row.time === null ? null : '2024-01-01T00:00:00.000000Z' }));
      expect(lines[i]).toEqual(JSON.parse(JSON.stringify({ patient: id, rows: dated, surprisal, perplexity })));
    }
    const { ppl, tokens, meanLogProb } = result.perplexity!;
    expect(lines[3]).toEqual({
      perplexity: { tokens, ppl: expect.closeTo(ppl, 9), meanLogProb: expect.closeTo(meanLogProb, 9) },
    });
  });

  it('tables show each event and what was expected', async () => {
    const entries = (await model.evaluate([patients[0]!], { surprisal: true })).patients[0]!.surprisal!;
    const text = await run('--surprisal');
    const [title, , ...rows] = text.split('\n\n')[0]!.split('\n');
    expect(title).toContain('patient a');
    expect(rows).toHaveLength(4);
    expect(rows[0]).toMatch(/^ +0 +- +- +TEST\/1|^ +0 +- +- +event 3 \(TEST\/1\)/);
    expect(rows[1]).toContain('NOWHERE/1 (unknown code)');
    expect(rows[3]).toContain(entries[3]!.logProb!.toFixed(3));
    expect(rows[3]).toContain(model.tokenizer!.describe(bareId(5)));
    expect(rows[3]!.includes('  not ')).toBe(entries[3]!.rank !== 1);
    const next = await run('--target', 'TEST/3', '--top', '0');
    expect(next).toContain('patient a (at 2024-01-01');
    expect(next).toMatch(/ %.*TEST\/3 {2}3 tokens/);
    expect(await run()).toContain('10 ');
  });

  it('refuses a stride that nothing uses, and unknown codes', async () => {
    await expect(run('--stride', '4')).rejects.toThrow('--stride');
    await expect(run('--target', 'TEST/33')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});
