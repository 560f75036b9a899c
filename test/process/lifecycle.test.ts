// The cases that other runtimes run too: `npm run test:runtimes`.
import { beforeAll, expect, it } from 'vitest';
import { convertedModel } from '../support/model.ts';
import { patience, runScript } from '../support/process.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { cases, problemsOf } from './cases.mjs';
import { processModelShapes } from './models.mjs';

interface Case {
  name: string;
  script: string;
  args?: string[];
  collects?: boolean;
  send?: NodeJS.Signals;
}

const folder = await temporaryFolder();
const models: string[] = [];
beforeAll(async () => {
  for (const [i, shape] of processModelShapes.entries())
    models.push((await convertedModel(folder, `model-${i}`, shape)).path);
});

for (const one of cases as Case[]) {
  it(one.name, async () => {
    // The small model, where there are a thousand of them.
    const paths = one.script === 'thousand' ? [models[1]!] : one.script === 'leave-working' ? [models[0]!] : models;
    const { args = [], collects = false } = one;
    const flags = collects ? ['--expose-gc'] : [];
    const ended = await runScript(one.script, [...paths, ...args], { flags, signal: one.send, limit: 55_000 });
    expect(problemsOf(one, ended, patience), `${ended.stdout}\n${ended.stderr}`).toEqual([]);
  });
}
