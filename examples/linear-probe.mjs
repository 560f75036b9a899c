// How much do vectors know about the future? A linear probe with few examples, as EHRSHOT evaluates: k positive and k negative patients
// to fit it, all others to judge it, several draws of each k.
//
//   node examples/linear-probe.mjs [--model M.gguf] [--patients P.jsonl] [--code C] [--seed N]
//
// The task: after half of a patient's events, will the code be recorded again, or for the first time?
import { parseArgs } from 'node:util';
import { loadModel } from 'clmbr';
import { demoModel, demoPatients, readPatients } from './lib/demo.mjs';
import { fitLogisticRegression } from './lib/logistic-regression.mjs';
import { auroc, mean, randomNumbers, shuffled, standardDeviation } from './lib/statistics.mjs';

const { values: options } = parseArgs({
  options: {
    model: { type: 'string', default: demoModel },
    patients: { type: 'string', default: demoPatients },
    code: { type: 'string', default: 'SNOMED/59621000' },
    seed: { type: 'string', default: '1' },
  },
});
const draws = 5;
const shots = [1, 2, 4, 8, 16, 32];

/** Patients as of the moment when half of their events are over, and whether the code comes later. */
function makeTask(patients, code) {
  return patients.map(({ id, events }) => {
    const time = events[Math.floor(events.length / 2)].start;
    return { id, events, at: [time], label: events.some((event) => event.code === code && event.start > time) };
  });
}

/** k cases of each kind to fit, the rest to judge. */
function draw(labels, k, random) {
  const order = shuffled([...labels.keys()], random);
  const fit = [true, false].flatMap((kind) => order.filter((i) => labels[i] === kind).slice(0, k));
  return { fit, judge: order.filter((i) => !fit.includes(i)) };
}

const task = makeTask(await readPatients(options.patients), options.code);
const labels = task.map(({ label }) => label);
const positives = labels.filter(Boolean).length;
console.log(`${options.code}: ${task.length} patients, ${positives} of whom have it in the second half`);

const model = await loadModel(options.model);
try {
  const vectors = await model.embed(task, { pooling: 'mean' });
  const rows = task.map((_, i) => vectors.row(i));
  const counts = task.map((_, i) => Float32Array.of(Math.log1p(vectors.rows[i].tokens)));
  const random = randomNumbers(Number(options.seed));
  console.log('\n    k   AUROC of the vectors   of the number of events');
  for (const k of shots.filter((k) => 2 * k <= positives)) {
    const results = Array.from({ length: draws }, () => {
      const { fit, judge } = draw(labels, k, random);
      const score = (features) => {
        const probe = fitLogisticRegression(
          fit.map((i) => features[i]),
          fit.map((i) => labels[i]),
        );
        return auroc(
          judge.map((i) => probe(features[i])),
          judge.map((i) => labels[i]),
        );
      };
      return { vectors: score(rows), counts: score(counts) };
    });
    const column = (name) => {
      const values = results.map((result) => result[name]);
      return `${mean(values).toFixed(3)} (sd ${standardDeviation(values).toFixed(3)})`;
    };
    console.log(`${String(k).padStart(5)}   ${column('vectors').padEnd(20)}   ${column('counts')}`);
  }
} finally {
  await model.dispose();
}
