import type { ClmbrModel, EvaluatedPatient } from '../../index.ts';
import { valueOf } from '../next-events.ts';
import { bar, clean, colors, count, fit, grouped, percent } from '../text.ts';
import type { DemoPatient, PatientTruth, Truth } from './files.ts';
import type { Neighbour } from './nearest.ts';
import { dayOf, nameOf, timelineLines } from './timeline.ts';

const shownNeighbours = 5;

/** The showcase was chosen for it. */
const story = 'diabetes';

export const heading = (text: string, remark = '') =>
  `${colors.bold(colors.cyan(text))}${remark === '' ? '' : `  ${colors.dim(remark)}`}`;

export function introduction(): string[] {
  return [
    `${colors.bold('clmbr')} reads coded health records with EHR foundation models, on your machine.`,
    'Here: a small model trained on simulated patients. No real data, no network.',
  ];
}

export function modelSection({ info }: ClmbrModel, seconds: number): string[] {
  const size = `${grouped(info.parameters)} parameters, ${info.layerCount} layers of ${info.hiddenSize}, ${info.weightType}`;
  const where = `${info.kernels}, ${count(info.threads, 'thread')}`;
  return [
    heading('Model', size),
    `  context ${grouped(info.contextLength)} tokens, vocabulary ${grouped(info.vocabularySize)}, loaded in ${(1000 * seconds).toFixed(0)} ms (${where})`,
  ];
}

export function patientSection({ id, events }: DemoPatient, { tokenizer }: ClmbrModel, width: number): string[] {
  const span = `${count(events.length, 'event')}, ${dayOf(events[0]!)} to ${dayOf(events.at(-1)!)}`;
  return [heading(`Patient ${id}`, span), ...timelineLines(events, tokenizer!, width)];
}

export function nextSection(
  next: EvaluatedPatient['next'],
  truth: PatientTruth,
  continuations: number,
  { tokenizer }: ClmbrModel,
  width: number,
): string[] {
  const plausible = new Map(truth.plausibleNext.map(({ code, probability }) => [code, probability]));
  const most = next[0]?.probability ?? 1;
  const lines = next.map((event) => {
    const probability = plausible.get(event.code ?? event.token ?? '');
    const mark =
      probability === undefined ? colors.dim('   -    ') : colors.green(`+ ${percent(probability).padStart(6)}`);
    const value = event.code ? valueOf(event, tokenizer!) : '';
    const name = fit(nameOf(event.code ?? event.token ?? '', tokenizer!), width - 31 - value.length);
    return `  ${percent(event.probability).padStart(6)}  ${colors.cyan(bar(event.probability / most, 8))}  ${mark}  ${name} ${value}`.trimEnd();
  });
  const hits = next.filter((event) => plausible.has(event.code ?? event.token ?? ''));
  const share =
    hits.reduce((sum, { probability }) => sum + probability, 0) /
    next.reduce((sum, { probability }) => sum + probability, 0);
  return [
    heading('What comes next', `model, and (+) how often in ${grouped(continuations)} simulated futures`),
    ...lines,
    `  ${hits.length} of these ${next.length} are plausible; they hold ${percent(share)} of the probability shown.`,
  ];
}

export function nearestSection(
  own: string,
  neighbours: readonly Neighbour[],
  patients: readonly DemoPatient[],
  truth: Truth,
  width: number,
): string[] {
  const known = diagnosesOf(own, truth);
  const lines = neighbours.slice(0, shownNeighbours).map(({ row, similarity }) => {
    const { id } = patients[row]!;
    const [shared, others] = partition(diagnosesOf(id, truth), (name) => known.includes(name));
    const rest = others.length === 0 ? '' : ` (and ${count(others.length, 'other')})`;
    const text = shared.length === 0 ? 'nothing in common' : fit(shared.join(', '), width - 24 - rest.length);
    return `  ${id}  ${similarity.toFixed(3)}  ${shared.length === 0 ? colors.dim(text) : colors.green(text)}${colors.dim(rest)}`;
  });
  const told = known.includes(story) ? story : known[0];
  return [
    heading('Nearest patients', `cosine of their vectors, of ${patients.length}; shared diagnoses`),
    ...lines,
    ...(told === undefined ? [] : [`  ${sharedText(told, neighbours, patients, truth)}`]),
  ];
}

/** How much more often the nearest patients have a diagnosis than all do. */
function sharedText(
  diagnosis: string,
  neighbours: readonly Neighbour[],
  patients: readonly DemoPatient[],
  truth: Truth,
): string {
  const has = ({ row }: Neighbour) => diagnosesOf(patients[row]!.id, truth).includes(diagnosis);
  const near = neighbours.slice(0, 10).filter(has).length;
  return `Of the 10 nearest ${near} have ${clean(diagnosis)}, of all ${percent(neighbours.filter(has).length / Math.max(1, neighbours.length))}.`;
}

function diagnosesOf(id: string, truth: Truth): string[] {
  return (truth.patients[id]?.conditions ?? []).filter(({ diagnosed }) => diagnosed !== null).map(({ name }) => name);
}

function partition<T>(items: readonly T[], belongs: (item: T) => boolean): [T[], T[]] {
  return [items.filter(belongs), items.filter((item) => !belongs(item))];
}

export function timingSection(patients: number, tokens: number, seconds: number, total: number): string[] {
  const speed = `${count(tokens, 'token')} in ${seconds.toFixed(2)} s, ${grouped(tokens / seconds)} tokens/s`;
  return [
    heading('Timing', `all of this: ${total.toFixed(1)} s`),
    `  vectors of ${count(patients, 'patient')}: ${speed}`,
  ];
}

export function whereNext(): string[] {
  const data = 'examples/demo/patients.jsonl';
  return [
    heading('Where to go next', 'README.md, docs/'),
    `  ${colors.bold(`npx clmbr next examples/demo/demo.gguf ${data}`)}`,
    `  ${colors.bold('npx clmbr convert <hf-folder> model.gguf')}  the real weights (research only)`,
    `  ${colors.bold("import { loadModel } from 'clmbr';")}  in a program of your own`,
  ];
}
