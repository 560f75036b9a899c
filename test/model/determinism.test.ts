// Draws models, patients, companions, order, threads, budgets and calls at once: every row keeps its bits. CLMBR_DETERMINISM_SECONDS: how
// long to go on (`npm run test:determinism`; a few rounds by default); CLMBR_DETERMINISM_SEED repeats a run.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { loadModel } from '../../lib/model/index.ts';
import type { ClmbrModel, EmbedOptions } from '../../lib/model/index.ts';
import { addon } from '../../lib/native/index.ts';
import type { CheckpointOptions } from '../support/checkpoint.ts';
import { convertedModel, randomIds, ropeConfigs } from '../support/model.ts';
import { bits, rowsOf } from '../support/numbers.ts';
import { seededRandom } from '../support/random.ts';
import { temporaryFolder } from '../support/temporary.ts';

const seconds = Number(process.env['CLMBR_DETERMINISM_SECONDS'] ?? 0);
const seed = Number(process.env['CLMBR_DETERMINISM_SEED'] ?? (seconds > 0 ? Date.now() % 2 ** 31 : 11));
const rounds = 12;
const folder = await temporaryFolder();

/** Draws one of everything. */
class Draws {
  readonly random: () => number;
  constructor(drawn: number) {
    this.random = seededRandom(drawn);
  }
  integer(least: number, most: number): number {
    return least + Math.floor(this.random() * (most - least + 1));
  }
  of<T>(values: readonly T[]): T {
    return values[this.integer(0, values.length - 1)]!;
  }
  shuffled<T>(values: readonly T[]): T[] {
    const keyed = values.map((value) => ({ value, key: this.random() }));
    return keyed.sort((a, b) => a.key - b.key).map(({ value }) => value);
  }
}

function drawModel(draws: Draws) {
  const type = draws.of(['f32', 'f16', 'bf16', 'q8_0'] as const);
  const kvHeads = draws.of([1, 2, 3]);
  const heads = kvHeads * draws.of([1, 2, 4]);
  const headSize = 8 * draws.integer(1, 10);
  // Rows of Q8_0 are whole blocks: those of the attention's output are as wide as all heads.
  const block = type === 'q8_0' ? 32 : 1;
  const options: CheckpointOptions = {
    seed: draws.integer(1, 1e6),
    heads,
    kvHeads,
    headSize: type === 'q8_0' ? 32 * draws.integer(1, 2) : headSize,
    hiddenSize: block === 32 ? 32 * draws.integer(1, 4) : draws.integer(9, 100),
    feedForward: block === 32 ? 32 * draws.integer(1, 5) : draws.integer(9, 150),
    layers: draws.integer(1, 3),
    vocabularySize: draws.integer(12, 90),
    contextLength: draws.of([33, 128, 300, 640]),
    tied: draws.random() < 0.3,
    config: ropeConfigs[draws.of(['default', 'linear', 'llama3'] as const)],
  };
  return { ...options, type };
}

const lengths = [1, 2, 7, 8, 12, 13, 31, 32, 33, 63, 64, 65, 96, 128, 200, 255, 256, 257, 300, 400, 640, 700];

async function rowsAlone(model: ClmbrModel, patients: number[][], options: EmbedOptions): Promise<string[][]> {
  const rows: string[][] = [];
  for (const patient of patients) rows.push(rowsOf(await model.embed([patient], options)).map(bits));
  return rows;
}

/** Cohorts in calls at once, each a draw with repeats of the patients, in any order. */
async function checkCompany(
  model: ClmbrModel,
  draws: Draws,
  patients: number[][],
  alone: string[][],
  options: EmbedOptions,
) {
  const calls = Array.from({ length: draws.integer(1, 4) }, () =>
    draws.shuffled(patients.map((_, i) => i).flatMap((i) => Array<number>(draws.integer(0, 2)).fill(i))),
  ).filter((cohort) => cohort.length > 0);
  const results = await Promise.all(
    calls.map((cohort) =>
      model.embed(
        cohort.map((i) => patients[i]!),
        options,
      ),
    ),
  );
  for (const [i, cohort] of calls.entries())
    expect(rowsOf(results[i]!).map(bits)).toEqual(cohort.flatMap((patient) => alone[patient]!));
}

async function round(drawn: number): Promise<void> {
  const draws = new Draws(drawn);
  const drawnModel = drawModel(draws);
  const { vocabularySize, contextLength } = drawnModel as { vocabularySize: number; contextLength: number };
  const { path } = await convertedModel(folder, `model-${drawn}`, drawnModel);
  const patients = Array.from({ length: draws.integer(3, 12) }, (_, i) =>
    randomIds(drawn + i, Math.min(draws.of(lengths), contextLength), vocabularySize),
  );
  const options: EmbedOptions = {
    pooling: draws.of(['last', 'mean', 'max', 'none'] as const),
    representation: draws.of(['hidden', 'hidden', 'logits'] as const),
  };
  const compute = draws.of(['f32', 'f32', 'int8'] as const);
  const quiet = await loadModel(path, { threads: 1, maxBatchTokens: 1, compute });
  const alone = await rowsAlone(quiet, patients, options);
  await quiet.dispose();
  for (let company = 0; company < 3; company++) {
    const threads = draws.of([1, 2, 3, 5, 8, 32]);
    const model = await loadModel(path, { threads, maxBatchTokens: draws.of([1, 30, 333, 2048, 100_000]), compute });
    await checkCompany(model, draws, patients, alone, options);
    await model.dispose();
  }
}

it(`rows keep their bits, whatever is drawn (seed ${seed})`, { timeout: (seconds + 120) * 1000 }, async () => {
  const end = Date.now() + 1000 * seconds;
  let done = 0;
  for (; done < rounds || Date.now() < end; done++) {
    try {
      await round(seed + 1000 * done);
    } catch (error) {
      throw new Error(`round with CLMBR_DETERMINISM_SEED=${seed + 1000 * done}`, { cause: error });
    }
  }
  if (seconds > 0) console.log(`${done} rounds`);
});

const script = fileURLToPath(new URL('../../scripts/digest.mjs', import.meta.url));
const built = existsSync(fileURLToPath(new URL('../../dist/index.js', import.meta.url)));

it.skipIf(!built)('processes that take other instruction sets compute the same bits', async () => {
  const { path } = await convertedModel(folder, 'paths', {
    headSize: 24,
    hiddenSize: 72,
    heads: 6,
    contextLength: 128,
  });
  for (const compute of ['f32', 'int8']) {
    const digests = addon()
      .system()
      .kernels.map((kernels) => {
        const env = { ...process.env, CLMBR_CPU: kernels };
        const { stdout, stderr } = spawnSync(process.execPath, [script, path, '--compute', compute], {
          env,
          encoding: 'utf8',
        });
        const found = /^(\S+) .* sha256 ([0-9a-f]{64})$/m.exec(stdout);
        expect(found, stderr).not.toBeNull();
        expect(found![1]).toMatch(new RegExp(`^${kernels}`));
        return found![2];
      });
    expect(digests.length).toBeGreaterThan(1);
    expect(new Set(digests).size).toBe(1);
  }
});
