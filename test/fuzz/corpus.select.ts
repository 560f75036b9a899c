import { expect, it } from 'vitest';
import { writeCorpus } from './support/corpus-file.ts';
import { fuzzProgram } from './support/fuzz.ts';
import { supervise } from './support/supervisor.ts';
import { targets } from './support/targets/index.ts';

const seed = 1;
const wanted = (process.env['CLMBR_CORPUS_TARGETS'] ?? '').split(',').filter(Boolean);
const names = Object.keys(targets).filter((name) => name !== 'misbehaviour');
const program = fuzzProgram();

// Not a test of the product: it makes what test/fuzz/corpus.test.ts replays.
it.each(names.filter((name) => wanted.length === 0 || wanted.includes(name)))(
  'chooses the corpus of %s',
  async (target) => {
    const cases = 2000;
    const report = await supervise(program(), { target, seed, count: cases, milliseconds: 600_000, coverage: true });
    expect(report.failures).toEqual([]);
    expect(report.tried).toBe(cases);
    await writeCorpus(target, { seed, cases: report.selected });
    console.log(`${target}: ${report.selected.length} of ${cases} cases run ${report.blocks} blocks of lib/`);
  },
);
