// Comparable patients for those who got a drug: the matching step of an observational study, with a propensity score on the vectors.
//
//   node examples/matching.mjs [--model M.gguf] [--patients P.jsonl] [--drug CODE]
//
// A logistic regression on the vectors tells who gets the drug, of the treated as of the moment before it and of all others at their visits.
// Each treated patient is paired with the other whose log-odds are nearest; nobody is taken twice, and pairs that lie too far apart are given
// up. Whether the groups became alike is shown by standardised mean differences (below 0.1 is usually called balanced).
import { parseArgs } from 'node:util';
import { loadModel } from 'clmbr';
import { demoModel, demoPatients, readPatients } from './lib/demo.mjs';
import { fitLogisticRegression } from './lib/logistic-regression.mjs';
import { mean, standardDeviation } from './lib/statistics.mjs';

const { values: options } = parseArgs({
  options: {
    model: { type: 'string', default: demoModel },
    patients: { type: 'string', default: demoPatients },
    drug: { type: 'string', default: 'RxNorm/6809' },
  },
});
const microsecondsPerYear = 365.25 * 24 * 3600 * 1e6;
/** Visits of a patient that are candidates. */
const visitsOfEach = 8;

/** One microsecond before the drug: the drug itself must not show in the vector. */
const firstUse = (events) => events.find(({ code }) => code === options.drug)?.start;
const years = (from, to) => Number(to - from) / microsecondsPerYear;

function describe({ events }, time) {
  const past = events.filter(({ start }) => start <= time);
  return {
    age: years(events[0].start, time),
    female: Number(events.some(({ code }) => code === 'Gender/F')),
    events: Math.log(past.length),
    'distinct codes': Math.log(new Set(past.map(({ code }) => code)).size),
  };
}

function visitTimes({ events }) {
  const times = events.filter(({ code }) => code.startsWith('Visit/')).map(({ start }) => start);
  const step = Math.max(1, times.length / visitsOfEach);
  return Array.from({ length: Math.min(visitsOfEach, times.length) }, (_, i) => times[Math.floor(i * step)]);
}

const patients = await readPatients(options.patients);
const treated = patients
  .filter(({ events }) => firstUse(events) !== undefined)
  .map((patient) => ({ ...patient, at: [firstUse(patient.events) - 1n] }));
const others = patients
  .filter(({ events }) => firstUse(events) === undefined)
  .map((patient) => ({ ...patient, at: visitTimes(patient) }))
  .filter(({ at }) => at.length > 0);

const model = await loadModel(options.model);
const vectors = await model.embed([...treated, ...others], { pooling: 'mean' });
await model.dispose();

const vector = (i) => vectors.row(i);
const isTreated = vectors.rows.map((_, i) => i < treated.length);
const logOdds = fitLogisticRegression(
  vectors.rows.map((_, i) => vector(i)),
  isTreated,
  { penalty: 1 },
);
const scores = vectors.rows.map((_, i) => logOdds(vector(i)));
/** The usual limit: a fifth of the scores' standard deviation. */
const caliper = 0.2 * standardDeviation(scores);

const people = new Map([...treated, ...others].map((patient) => [patient.id, patient]));
const candidates = vectors.rows.map((_, i) => i).slice(treated.length);
const pairs = [];
const taken = new Set();
// Those who are the hardest to match choose first.
const hardest = [...treated.keys()].sort((a, b) => scores[b] - scores[a]);
for (const i of hardest) {
  let best;
  for (const j of candidates) {
    if (taken.has(vectors.rows[j].patient)) continue;
    const distance = Math.abs(scores[i] - scores[j]);
    if (distance <= caliper && (best === undefined || distance < best.distance)) best = { j, distance };
  }
  if (best === undefined) continue;
  taken.add(vectors.rows[best.j].patient);
  pairs.push({ treated: i, other: best.j });
}

const facts = (i) => describe(people.get(vectors.rows[i].patient), vectors.rows[i].time);
const difference = (a, b, name) => {
  const [x, y] = [a, b].map((group) => group.map((fact) => fact[name]));
  const spread = Math.sqrt((standardDeviation(x) ** 2 + standardDeviation(y) ** 2) / 2) || 1;
  return ((mean(x) - mean(y)) / spread).toFixed(2).padStart(8);
};
const groups = {
  treated: [...treated.keys()].map(facts),
  everybody: candidates.map(facts),
  paired: pairs.map((pair) => facts(pair.treated)),
  matched: pairs.map((pair) => facts(pair.other)),
};
console.log(`${options.drug}: ${treated.length} treated, ${others.length} others with ${candidates.length} visits`);
console.log(`${pairs.length} pairs within ${caliper.toFixed(2)} of the log-odds`);
console.log('\nstandardised mean difference     before matching   after');
for (const name of Object.keys(groups.treated[0] ?? {})) {
  const before = difference(groups.treated, groups.everybody, name);
  const after = pairs.length === 0 ? '' : difference(groups.paired, groups.matched, name);
  console.log(`  ${name.padEnd(30)} ${before.padStart(16)} ${after}`);
}
