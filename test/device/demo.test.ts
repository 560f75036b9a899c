import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { readPatientsJsonl } from '../../lib/data/index.ts';
import type { ClmbrModel, Future } from '../../lib/model/index.ts';
import type { Patient } from '../../lib/types.ts';
import { modelLoader } from '../support/model.ts';
import { difference, rowsOf } from '../support/numbers.ts';
import { device, perplexityTolerance, tolerance } from './device.ts';

const inDemo = (name: string): string => fileURLToPath(new URL(`../../examples/demo/${name}`, import.meta.url));

// ggml's operators for the oldest processors take their time: long timelines are left to tests of small models.
describe(`the demo model on ${device}`, () => {
  const load = modelLoader();
  const patients: Patient[] = [];
  let on: ClmbrModel;
  let kernels: ClmbrModel;

  beforeAll(async () => {
    for await (const patient of readPatientsJsonl(inDemo('patients.jsonl')))
      if (patients.length < 10 && 'events' in patient && patient.events.length < 200) patients.push(patient);
    // One thread: those of ggml wait for each other at every operator, of which small models have many.
    on = await load(inDemo('demo.gguf'), { device, threads: 1 });
    kernels = await load(inDemo('demo.gguf'), { device: 'cpu' });
  });

  it('embeds patients', async () => {
    const [found, expected] = [await on.embed(patients), await kernels.embed(patients)];
    const { error, cosine } = difference(rowsOf(found), rowsOf(expected));
    expect(error).toBeLessThanOrEqual(tolerance('F16'));
    expect(cosine).toBeGreaterThan(0.9999);
    expect(found.rows).toEqual(expected.rows);
  });

  it('streams them in order', async () => {
    const rows: Float32Array[] = [];
    for await (const chunk of on.embedStream(patients)) rows.push(...rowsOf(chunk));
    expect(difference(rows, rowsOf(await kernels.embed(patients))).error).toBeLessThanOrEqual(tolerance('F16'));
  });

  it('gives several windows of a patient in one pass', async () => {
    const timed = patients[0] as Exclude<Patient, readonly unknown[]> & { events: { start: string }[] };
    const times = [5, 20, 40].map((i) => timed.events[i]!.start);
    const at = [times];
    const [found, expected] = [await on.embed([timed], { at }), await kernels.embed([timed], { at })];
    expect(found.rows).toHaveLength(3);
    expect(difference(rowsOf(found), rowsOf(expected)).error).toBeLessThanOrEqual(tolerance('F16'));
  });

  it('evaluates them', async () => {
    const options = { topK: 5, surprisal: true, perplexity: true } as const;
    const [found, expected] = [await on.evaluate(patients, options), await kernels.evaluate(patients, options)];
    expect(Math.abs(found.perplexity!.ppl / expected.perplexity!.ppl - 1)).toBeLessThan(perplexityTolerance('F16'));
    for (const [i, { next }] of expected.patients.entries()) {
      const probabilities = new Map(found.patients[i]!.next!.map((event) => [event.id, event.probability]));
      for (const event of next!.slice(0, 3)) expect(probabilities.get(event.id)).toBeCloseTo(event.probability, 2);
    }
  });

  it('generates the most probable future, the same for every sample', async () => {
    const futures = async (model: ClmbrModel): Promise<Future[]> => {
      const all: Future[] = [];
      for await (const future of model.generate(patients[3]!, { samples: 3, maxEvents: 20, temperature: 0 }))
        all.push(future);
      return all.sort((a, b) => a.sample - b.sample);
    };
    const [found, expected] = [await futures(on), await futures(kernels)];
    for (const [i, future] of found.entries()) {
      expect(future.events.map(({ id }) => id)).toEqual(expected[0]!.events.map(({ id }) => id));
      for (const [j, { logProb }] of future.events.entries())
        expect(Math.abs(logProb - expected[i]!.events[j]!.logProb)).toBeLessThan(10 * tolerance('F16'));
    }
  });

  it('draws futures that it finds as probable as the kernels do', async () => {
    for await (const future of on.generate(patients[5]!, { samples: 70, maxEvents: 6, seed: 4 })) {
      expect(future.events.length).toBeGreaterThan(0);
      for (const { logProb } of future.events) expect(logProb).toBeLessThanOrEqual(0);
    }
  });

  it('estimates a risk within its error', async () => {
    const options = { outcome: ['Visit/OP'], horizon: 8, samples: 60, seed: 1 };
    const [found, expected] = [await on.risk(patients[7]!, options), await kernels.risk(patients[7]!, options)];
    expect(found.probability).toBeGreaterThan(0);
    const error = Math.hypot(found.standardError, expected.standardError);
    expect(Math.abs(found.probability! - expected.probability!)).toBeLessThanOrEqual(4 * error + 1e-3);
  });
});
