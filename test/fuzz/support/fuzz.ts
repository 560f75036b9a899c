import { afterAll, beforeAll, expect, it } from 'vitest';
import { Program } from './program.ts';
import type { Failure } from './job.ts';
import type { Report } from './supervisor.ts';
import { supervise } from './supervisor.ts';

function setting(name: string, fallback: number | undefined): number | undefined {
  const text = process.env[name];
  return text === undefined || text === '' ? fallback : Number(text);
}

const seconds = setting('CLMBR_FUZZ_SECONDS', 60)!;
const seed = setting('CLMBR_FUZZ_SEED', 1)!;
/** Repeats one case alone. */
const onlyCase = setting('CLMBR_FUZZ_CASE', undefined);

/** Milliseconds between two lines of progress. */
const pace = 10_000;

function summary(target: string, { tried, outcomes }: Report): string {
  const counts = Object.entries(outcomes).sort((a, b) => b[1] - a[1]);
  return `${target}: ${tried} inputs (seed ${seed}): ${counts.map(([name, count]) => `${name} ${count}`).join(', ')}`;
}

function explain(target: string, { case: at, problem, saved }: Failure): string {
  const again = `CLMBR_FUZZ_SEED=${seed} CLMBR_FUZZ_CASE=${at} npm run fuzz -- ${target}`;
  return `case ${at}: ${problem}\n  again: ${again}\n  inputs: ${saved}`;
}

/** The program that every target of a test file runs in. */
export function fuzzProgram(): () => Program {
  let program: Program | undefined;
  beforeAll(async () => {
    program = await Program.create();
  });
  afterAll(() => program?.remove());
  return () => program!;
}

/**
 * Declares the test that feeds a target for CLMBR_FUZZ_SECONDS.
 *
 * @param leastAccepted share of inputs that must get through: a mutator that breaks everything at once tests one check only
 */
export function fuzz(target: string, title: string, leastAccepted: number): void {
  const program = fuzzProgram();
  it(title, async () => {
    let shown = performance.now();
    const report = await supervise(program(), {
      target,
      seed,
      first: onlyCase,
      count: onlyCase === undefined ? undefined : 1,
      milliseconds: 1000 * seconds,
      onProgress: (now) => {
        if (performance.now() - shown < pace) return;
        shown = performance.now();
        console.log(summary(target, now));
      },
    });
    console.log(summary(target, report));
    expect(report.failures.map((failure) => explain(target, failure)).join('\n\n')).toBe('');
    expect(report.tried).toBeGreaterThan(0);
    if (report.tried < 300) return;
    const accepted = (report.outcomes['accepted'] ?? 0) / report.tried;
    expect(accepted).toBeGreaterThan(leastAccepted);
    expect(accepted).toBeLessThan(0.99);
  });
}
