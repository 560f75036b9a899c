import { rm } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { fuzzProgram } from './support/fuzz.ts';
import { supervise } from './support/supervisor.ts';

const program = fuzzProgram();

it('the supervision sees everything that must not happen, and goes on behind it', async () => {
  const report = await supervise(program(), {
    target: 'misbehaviour',
    seed: 0,
    count: 10,
    milliseconds: 60_000,
    limits: { caseMilliseconds: 3000, memoryBytes: 300 * 2 ** 20 },
  });
  await Promise.all(report.failures.map(({ saved }) => rm(saved!, { recursive: true, force: true })));
  const found = report.failures.map((failure) => `${failure.case}: ${failure.problem.split('\n')[0]}`);
  expect(found).toEqual([
    expect.stringMatching(/^0: the process ended with SIGABRT/),
    expect.stringMatching(/^1: the process hung/),
    expect.stringMatching(/^2: the process took too much memory/),
    expect.stringMatching(/^3: the process ended with code 3/),
    expect.stringMatching(/^4: an error nobody expected: TypeError: not ours/),
    expect.stringMatching(/^5: INVALID_GGUF has more than one printable line/),
    expect.stringMatching(/^6: the code INTERNAL is not documented/),
    expect.stringMatching(/^7: INVALID_INPUT shows the value Jane/),
  ]);
  expect(report.outcomes).toMatchObject({ INVALID_INPUT: 1, accepted: 1 });
});
