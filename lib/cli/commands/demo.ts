import type { Command } from 'commander';
import { loadModel } from '../../index.ts';
import type { Context } from '../options.ts';
import { print } from '../output.ts';
import { terminalWidth } from '../text.ts';
import { demoPaths, readDemoPatients, readTruth } from '../demo/files.ts';
import { nearestRows } from '../demo/nearest.ts';
import { riskSection } from '../demo/risks.ts';
import * as sections from '../demo/sections.ts';

const shownEvents = 8;

export function addDemo(program: Command, { signal }: Context): void {
  program
    .command('demo')
    .summary('show all this on simulated patients')
    .description('Shows what this package does on the small model and the simulated patients that come with it.')
    .action(() => demo(signal));
}

async function demo(signal: AbortSignal): Promise<void> {
  const begun = performance.now();
  const since = (start: number) => (performance.now() - start) / 1000;
  const show = (lines: readonly string[]) => print(`${lines.join('\n')}\n\n`);
  const width = Math.min(terminalWidth(), 80);
  await show(sections.introduction());

  const loading = performance.now();
  const model = await loadModel(demoPaths.model, { signal });
  try {
    await show(sections.modelSection(model, since(loading)));
    const [patients, truth] = [await readDemoPatients(signal), await readTruth()];
    const index = patients.findIndex(({ id }) => id === truth.showcase);
    const showcase = patients[index]!;
    const own = truth.patients[showcase.id]!;
    await show(sections.patientSection(showcase, model, width));

    const { patients: evaluated } = await model.evaluate([showcase], { topK: shownEvents, signal });
    await show(sections.nextSection(evaluated[0]!.next, own, truth.continuations, model, width));

    await show(await riskSection(model, showcase, truth, signal));

    const embedding = performance.now();
    const vectors = await model.embed(patients, { pooling: 'mean', signal });
    const seconds = since(embedding);
    await show(sections.nearestSection(showcase.id, nearestRows(vectors, index), patients, truth, width));

    const tokens = vectors.rows.reduce((sum, row) => sum + row.tokens, 0);
    await show(sections.timingSection(patients.length, tokens, seconds, since(begun)));
    await print(`${sections.whereNext().join('\n')}\n`);
  } finally {
    await model.dispose();
  }
}
