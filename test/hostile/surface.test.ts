// Every public function and every option of it, with values that it does not expect: each call gives a result or a ClmbrError of one line.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import * as clmbr from '../../lib/index.ts';
import { medsParquet } from '../support/meds.ts';
import { writeCheckpoint } from '../support/checkpoint.ts';
import { modelLoader } from '../support/model.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { notCalled, surface } from './surface.ts';
import type { Call } from './surface.ts';
import { hostileValues } from './values.ts';

const folder = await temporaryFolder();
const load = modelLoader();
const path = (name: string) => join(folder, name);
const gguf = fileURLToPath(new URL('../../examples/demo/demo.gguf', import.meta.url));
// Some names of files are relative ones.
const before = process.cwd();
process.chdir(folder);
afterAll(() => process.chdir(before));
const checkpoint = path('checkpoint');
await writeCheckpoint(checkpoint, {
  layers: 1,
  hiddenSize: 16,
  heads: 2,
  kvHeads: 1,
  feedForward: 8,
  vocabularySize: 31,
});
const files = {
  ...{
    checkpoint,
    gguf,
    jsonl: path('data.jsonl'),
    meds: path('meds.parquet'),
    fhir: path('bundle.json'),
    omop: path('cdm'),
  },
  ...{ labels: path('labels.csv'), codes: path('codes.csv'), units: path('units.csv'), npy: path('shard.npy') },
};
await writeFile(files.jsonl, '{"id": 1, "events": [{"code": "SNOMED/3950001", "start": "2020-01-01"}]}\n');
await writeFile(files.meds, medsParquet([{ subject_id: 1n, time: 1n, code: 'A' }]));
await mkdir(files.omop);
await writeFile(join(files.omop, 'person.csv'), 'person_id,year_of_birth\n1,1980\n');
await writeFile(files.fhir, '{"resourceType": "Bundle", "entry": []}');
await writeFile(files.labels, 'subject_id,prediction_time\n1,2020-01-01\n');
await writeFile(files.codes, 'from,to\na,b\n');
await writeFile(files.units, 'code,unit,factor\na,b,2\n');
const model = await load(gguf, { threads: 1 });
await clmbr.extractFeatures(model, files.jsonl, { out: files.npy, shard: '0/1' });
const tokenizer = model.tokenizer!;
const scene = {
  ...{ model, tokenizer, folder, files },
  inspection: await clmbr.inspectModel(gguf),
  labels: await clmbr.readLabels(files.labels),
  report: new clmbr.ReportCollector(tokenizer).report(),
};
const calls = surface(scene);

/** Options that are called, and values that can be. */
const callbacks = /^(on[A-Z]\w*|prepare|embed|expects|candidates|stop|counters|patients)$/;
const functions = /function|class|proxy/;

/** Takes everything that a call gives. */
async function finish(given: unknown): Promise<void> {
  const result = await given;
  if (typeof result !== 'object' || result === null) return;
  if (Symbol.asyncIterator in result) {
    let taken = 0;
    for await (const _ of result as AsyncIterable<unknown>) if (++taken === 3) break;
  }
  if (result instanceof clmbr.ClmbrModel) await result.dispose();
  else if ('patients' in result && typeof result.patients === 'function') {
    const dataset = result as clmbr.Dataset;
    for await (const _ of dataset.patients()) break;
    await dataset.close();
  }
}

/** What is wrong with the outcome of a call; undefined for a result and for a ClmbrError as it should be. */
async function problemOf({ run }: Call, args: unknown[], isOwn = false): Promise<string | undefined> {
  try {
    await finish((run as (...args: unknown[]) => unknown)(...args));
    return undefined;
  } catch (error) {
    // What a caller's own function or iterator throws is passed on.
    if (isOwn) return undefined;
    if (!(error instanceof clmbr.ClmbrError)) return error instanceof Error ? error.stack : inspect(error);
    if (/[\n\u001b\u2028]/.test(error.message)) return `more than one line: ${JSON.stringify(error.message)}`;
    if (error.code === 'INTERNAL') return `INTERNAL: ${error.message}`;
    return error.message.length > 2000 ? `${error.message.length} characters` : undefined;
  }
}

it('the values are as many as docs/robustness.md says', () => {
  expect(Object.keys(hostileValues)).toHaveLength(37);
});

it('the table holds every exported function', () => {
  const named = new Set(Object.keys(calls).map((name) => name.split('.')[0]!));
  const missing = Object.entries(clmbr).filter(
    ([name, value]) => typeof value === 'function' && !notCalled.includes(name) && !named.has(name),
  );
  expect(missing.map(([name]) => name)).toEqual([]);
});

describe.each(Object.entries(calls))('%s', (_, call) => {
  it('works with what it expects', async () => {
    expect(await problemOf(call, call.args())).toBeUndefined();
    await finish((call.run as (...args: unknown[]) => unknown)(...call.args()));
  });

  it('refuses or takes anything in place of an argument', async () => {
    const problems: string[] = [];
    for (let i = 0; i < call.args().length; i++) {
      for (const [name, value] of Object.entries(hostileValues)) {
        const args = call.args();
        args[i] = value();
        const isIterator = call.iterates === i && /proxy|getters/.test(name);
        const problem = await problemOf(call, args, isIterator);
        if (problem !== undefined) problems.push(`argument ${i}, ${name}: ${problem}`);
      }
    }
    expect(problems.slice(0, 5).join('\n\n')).toBe('');
  });
});

describe.each(Object.entries(calls).filter(([, { options }]) => options !== undefined))('%s', (_, call) => {
  it('refuses or takes anything in place of an option', async () => {
    const { at, names } = call.options!;
    const problems: string[] = [];
    for (const option of names) {
      for (const [name, value] of Object.entries(hostileValues)) {
        const args = call.args();
        args[at] = { ...(args[at] as object), [option]: value() };
        const problem = await problemOf(call, args, callbacks.test(option) && functions.test(name));
        if (problem !== undefined) problems.push(`${option}, ${name}: ${problem}`);
      }
    }
    const args = call.args();
    args[at] = { ...(args[at] as object), ['qz\nunknown']: 1 };
    const unknown = await problemOf(call, args);
    if (unknown !== undefined) problems.push(`an unknown name: ${unknown}`);
    expect(problems.slice(0, 5).join('\n\n')).toBe('');
  });
});
