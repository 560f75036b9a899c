import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createProgram } from '../../lib/cli/program.ts';
import type { ClmbrModel, Future, RiskResult } from '../../lib/index.ts';
import { bare, measured, unknown } from '../support/events.ts';
import { convertedModel, modelLoader } from '../support/model.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { bySample } from './futures.ts';

const folder = await temporaryFolder();
const load = modelLoader();
const data = join(folder, 'patients.jsonl');
const events = [bare(1), measured(2, '2020-01-01'), unknown('X/1', '2020-02-01'), bare(3, '2021-01-01')];
let path: string;
let model: ClmbrModel;
beforeAll(async () => {
  ({ path } = await convertedModel(folder, 'model', { vocabularySize: 40, contextLength: 64, vocabulary: true }));
  model = await load(path, { threads: 1 });
  const patients = [{ id: 'a', events, at: ['2020-06-01', '2021-06-01T00:00:00Z'] }, { ids: [7, 8, 9] }];
  await writeFile(data, patients.map((patient) => `${JSON.stringify(patient)}\n`).join(''));
});

let stdout = '';
let stderr = '';
beforeEach(() => {
  [stdout, stderr] = ['', ''];
  vi.spyOn(process.stdout, 'write').mockImplementation((text: unknown, done: unknown) => {
    stdout += String(text);
    if (typeof done === 'function') (done as () => void)();
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    stderr += String(text);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
});

async function clmbr(args: string, signal = new AbortController().signal): Promise<string> {
  await createProgram({ signal }).parseAsync(['node', 'clmbr', ...args.split(' '), path, data, '--threads', '1']);
  return stdout;
}

const rows = <T>(text: string): (T & { patient: string | number; time: string | null })[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as T & { patient: string | number; time: string | null });

describe('clmbr generate', () => {
  it('does not replace what it reads', async () => {
    const before = await readFile(data);
    await expect(clmbr(`generate --out ${data}`)).rejects.toThrow('which would replace');
    expect((await readFile(data)).equals(before)).toBe(true);
    expect((await readdir(folder)).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('writes them to a file instead', async () => {
    const printed = await clmbr('generate --json --samples 2 --max-events 3 --seed 5');
    stdout = '';
    const [jsonl, parquet] = [join(folder, 'futures.jsonl'), join(folder, 'futures.parquet')];
    expect(await clmbr(`generate --out ${jsonl} --samples 2 --max-events 3 --seed 5`)).toBe('');
    expect(await readFile(jsonl, 'utf8')).toBe(printed);
    await clmbr(`generate --out ${parquet} --samples 2 --max-events 3 --seed 5`);
    expect(stderr).toContain('6 futures');
    const rows = await parquetReadObjects({ file: await asyncBufferFromFile(parquet) });
    const events = printed
      .trimEnd()
      .split('\n')
      .flatMap((line) => (JSON.parse(line) as Future).events);
    expect(rows.map(({ token_id, log_prob }) => [token_id, log_prob] as unknown[])).toEqual(
      events.map(({ id, logProb }) => [id, logProb]),
    );
    await expect(clmbr('generate --out x.csv')).rejects.toThrow('.parquet');
  });

  it('prints the futures of every patient and label time as JSON Lines', async () => {
    const flags = '--samples 2 --max-events 6 --temperature 0.8 --top-k 30 --top-p 0.95 --forbid [EOS] --stop TEST/4';
    const list = rows<Future>(await clmbr(`generate --json ${flags} --seed -3 --min-events 2`));
    expect(list.map(({ patient }) => patient)).toEqual(['a', 'a', 'a', 'a', 1, 1]);
    const [first, second] = ['2020-06-01T00:00:00.000000Z', '2021-06-01T00:00:00.000000Z'];
    expect(list.map(({ time }) => time)).toEqual([first, first, second, second, null, null]);
    const options = { samples: 2, maxEvents: 6, temperature: 0.8, topK: 30, topP: 0.95, seed: -3, minEvents: 2 };
    const codes = { forbid: '[EOS]', stop: 'TEST/4' };
    const expected = await bySample(model.generate(events, { ...options, ...codes, at: '2021-06-01' }));
    const got = list.slice(2, 4).toSorted((a, b) => a.sample - b.sample);
    for (const [i, { patient: _, time: __, ...future }] of got.entries()) expect(future).toEqual(expected[i]);
    expect(stderr).toContain('2 events dropped');
  });

  it('prints tables', async () => {
    const text = await clmbr('generate --max-events 3 --forbid 1 --quiet');
    expect(text).toMatch(
      /^patient a, future 0 \(at 2020-06-01T00:00:00Z, after 2 tokens\)\n( {2}[1-3] .* % {2}.*\n){3} {2}3 events: as long as asked\n\n/,
    );
    expect(stderr).toBe('');
  });

  it('stops when told to', async () => {
    const reason = new Error('stopped');
    const controller = new AbortController();
    const running = clmbr('generate --samples 1000000 --quiet', controller.signal);
    setTimeout(() => controller.abort(reason), 50);
    await expect(running).rejects.toBe(reason);
  });
});

describe('clmbr risk', () => {
  it('prints a row for every patient and label time as JSON Lines', async () => {
    const list = rows<RiskResult>(
      await clmbr('risk --json --outcome TEST/3 --outcome 30 --horizon 8 --stop TEST/4 --samples 50 --seed 5'),
    );
    expect(list.map(({ patient }) => patient)).toEqual(['a', 'a', 1]);
    const options = { outcome: ['TEST/3', 30], horizon: 8, stop: 'TEST/4', samples: 50, seed: 5 };
    const { coverage: _, ...expected } = await model.risk(events, { ...options, at: '2020-06-01' });
    expect(list[0]).toEqual({ patient: 'a', time: '2020-06-01T00:00:00.000000Z', ...expected });
    expect(stderr).toContain('6 of 8 events mapped');
  });

  it('prints a text with the interval', async () => {
    expect(await clmbr('risk --outcome TEST/3 --horizon 8 --quiet')).toMatch(
      /^patient a \(at 2020-06-01T00:00:00Z, 2 tokens, 1 event dropped\)\n {2}\d+\.\d % within 8 events \(standard error \d\.\d %\), 95 % interval \d+\.\d % to \d+\.\d %\n {2}100 futures, monte-carlo\n\n/,
    );
    stdout = '';
    expect(await clmbr('risk --outcome TEST/3 --horizon 8 --estimator scope --tolerance 0.05')).toMatch(
      /\n {2}\d\.\d{3} outcome events expected within 8 events \(standard error 0\.0\d\d\), 95 % interval \d\.\d{3} to \d\.\d{3}\n/,
    );
  });

  it('refuses what the library refuses', async () => {
    await expect(clmbr('risk --outcome TEST/33 --horizon 8')).rejects.toThrow("'TEST/3'");
    await expect(clmbr('risk --outcome TEST/3 --horizon 64')).rejects.toThrow('horizon');
    expect(stdout).toBe('');
  });
});
