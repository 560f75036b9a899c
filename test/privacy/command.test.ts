// What the command line prints of data that hold planted values: on success, on failure, with --debug and when it crashes.
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { clmbr } from '../cli/command.ts';
import { medsParquet } from '../support/meds.ts';
import { temporaryFolder } from '../support/temporary.ts';
import * as planted from './canaries.ts';

const { canary, traceIn } = planted;
const folder = await temporaryFolder();
const model = 'examples/demo/demo.gguf';
const path = (name: string) => join(folder, name);
await writeFile(path('data.jsonl'), `${planted.jsonl}\n`);
await writeFile(path('broken.jsonl'), `${planted.jsonl.slice(0, -20)}\n`);
await writeFile(path('bundle.json'), planted.bundle);
await writeFile(path('export.ndjson'), planted.ndjson);
const row = {
  subject_id: BigInt(canary.numericId),
  time: planted.canaryTime,
  code: canary.code,
  text_value: canary.text,
};
await writeFile(path('meds.parquet'), medsParquet([row, { ...row, time: null }]));
await writeFile(path('unordered.parquet'), medsParquet([row, { ...row, time: 5n }]));
await writeFile(path('labels.csv'), planted.oneLabelCsv);
await writeFile(path('two-columns.csv'), planted.labelsCsv);
await writeFile(path('strangers.csv'), planted.oneLabelCsv.replace(canary.id, 'qzid-another'));
await writeFile(path('broken.csv'), planted.oneLabelCsv.replace(canary.time, canary.text));

describe('the command line', () => {
  it.each([
    ['data.jsonl', 0],
    ['bundle.json', 0],
    ['export.ndjson', 0],
    ['meds.parquet', 0],
    ['unordered.parquet', 1],
    ['broken.jsonl', 1],
  ])('coverage of %s says no value', async (name, code) => {
    const out = path(`${name}.report`);
    const outcome = await clmbr(['coverage', model, path(name), '--out', out, '--debug']);
    expect({ code: outcome.code, stderr: outcome.stderr }).toMatchObject({ code });
    expect(traceIn(outcome.stdout + outcome.stderr, folder, code === 0)).toBeUndefined();
    if (code === 0) expect(traceIn(await readFile(out, 'utf8'), folder, true)).toBeUndefined();
  });

  it.each([
    ['data.jsonl', 'labels.csv', 0],
    ['data.jsonl', 'two-columns.csv', 1],
    ['data.jsonl', 'strangers.csv', 1],
    ['data.jsonl', 'broken.csv', 1],
    ['broken.jsonl', 'labels.csv', 1],
  ])('embed of %s at %s says no value beside its output', async (data, labels, code) => {
    const place = path(`run-${data}-${labels}`);
    await mkdir(place);
    const args = ['embed', model, path(data), '--labels', path(labels), '--out', join(place, 'x.npz'), '--debug'];
    const outcome = await clmbr(args);
    expect({ code: outcome.code, stderr: outcome.stderr }).toMatchObject({ code });
    // What it prints holds a report, which may name codes.
    expect(traceIn(outcome.stdout + outcome.stderr, folder, true)).toBeUndefined();
    const report = (await readdir(place)).find((name) => name.endsWith('.report.json'));
    if (code === 0) expect(traceIn(await readFile(join(place, report!), 'utf8'), folder, true)).toBeUndefined();
  });

  it('evaluate, generate and risk say no value where they fail', async () => {
    for (const args of [['evaluate'], ['generate'], ['risk', '--outcome', 'SNOMED/3950001']]) {
      const [command, ...rest] = args as [string, ...string[]];
      const outcome = await clmbr([command, model, path('broken.jsonl'), ...rest]);
      expect(outcome.code).not.toBe(0);
      expect(traceIn(outcome.stderr, folder)).toBeUndefined();
    }
  });

  it('a crash shows where it was and no value', async () => {
    // A defect of ours, as it would be: an error of the engine whose message quotes what it was given.
    const hook = path('crash.mjs');
    await writeFile(
      hook,
      `const parse = JSON.parse;
       JSON.parse = (text, ...rest) => {
         if (String(text).includes('qzid-one')) {
           if (process.env.CRASH === 'later') setTimeout(() => BigInt('qztext-one'));
           else BigInt('qztext-one');
         }
         return parse(text, ...rest);
       };`,
    );
    for (const crash of ['now', 'later']) {
      const env = { CRASH: crash };
      const outcome = await clmbr(['coverage', model, path('data.jsonl')], { env, node: ['--import', hook] });
      if (crash === 'later') expect(outcome.code).toBe(1);
      expect(traceIn(outcome.stderr, folder)).toBeUndefined();
    }
  });
});
