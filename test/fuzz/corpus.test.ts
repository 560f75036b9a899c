import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { corpusTargets, readCorpus } from './support/corpus-file.ts';
import { Random } from './support/random.ts';
import { targets } from './support/targets/index.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clmbr-corpus-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the corpus of every fuzz target', async () => {
  const known = await corpusTargets();

  it('is there', () => {
    const fuzzed = Object.keys(targets).filter((name) => name !== 'misbehaviour');
    expect(known.toSorted()).toEqual(fuzzed.toSorted());
  });

  it.each(known)('%s: every case has the outcome that it had', async (target) => {
    const { seed, cases } = await readCorpus(target);
    expect(cases.length).toBeGreaterThan(5);
    const attempt = await targets[target]!(await mkdtemp(join(folder, `${target}-`)));
    const outcomes = [];
    // Each case is judged as in fuzzing: what must not happen throws.
    for (const one of cases)
      outcomes.push({ case: one.case, outcome: await attempt(new Random(seed, one.case), () => {}) });
    expect(outcomes).toEqual(cases);
  });
});
