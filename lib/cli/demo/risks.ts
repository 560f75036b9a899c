import type { ClmbrModel } from '../../index.ts';
import { colors, count, fit, percent } from '../text.ts';
import type { DemoPatient, Truth } from './files.ts';
import { heading } from './sections.ts';

/** One that the model has learnt, one that is rare, and one that follows from a state that no event names. */
const shown = ['emergency visit', 'hospital stay', 'chronic kidney disease, stage 3 or worse'];

/** The horizon of the simulator's own risks. */
const horizon = 64;
const samples = 200;

/** Risks of a patient from simulated futures, beside what the simulator that made the patient gives. */
export async function riskSection(
  model: ClmbrModel,
  patient: DemoPatient,
  truth: Truth,
  signal: AbortSignal,
): Promise<string[]> {
  const lines: string[] = [];
  for (const name of shown) {
    const outcome = truth.outcomes[name]!.filter((code) => model.tokenizer!.idsOf(code).length > 0);
    const risk = await model.risk(patient, { outcome, horizon, samples, signal });
    const [low, high] = risk.interval.map(percent);
    const estimate = `${percent(risk.probability!).padStart(6)}  (${low} to ${high})`;
    const real = percent(truth.patients[patient.id]!.risks[name]!.within64);
    lines.push(`  ${fit(name, 30).padEnd(30)}  ${colors.cyan(estimate.padEnd(27))}  ${colors.green(real.padStart(6))}`);
  }
  return [
    heading('Risks', `within ${horizon} events, from ${count(samples, 'future')}; last column: the simulator's`),
    ...lines,
    '  The interval is that of sampling alone: a model can be wrong beyond it.',
  ];
}
