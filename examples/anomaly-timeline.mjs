// What in a timeline did the model not expect? Events by their surprisal, -log2 of the probability that the model gave them.
//
//   node examples/anomaly-timeline.mjs [--model M.gguf] [--patients P.jsonl] [--patient ID] [--top N]
//
// Without --patient, one event of the first patient is replaced, and the example shows whether that stands out.
import { parseArgs } from 'node:util';
import { loadModel } from 'clmbr';
import { demoModel, demoPatients, readPatients } from './lib/demo.mjs';

const { values: options } = parseArgs({
  options: {
    model: { type: 'string', default: demoModel },
    patients: { type: 'string', default: demoPatients },
    patient: { type: 'string' },
    top: { type: 'string', default: '8' },
  },
});
const patients = await readPatients(options.patients);

/** A copy of the first patient in whose middle end-stage kidney disease comes out of nowhere. */
function withForeignEvent() {
  const events = [...patients[0].events];
  const at = Math.floor(0.6 * events.length);
  events[at] = { code: 'SNOMED/46177005', start: events[at].start };
  return { patient: { id: `${patients[0].id} with a foreign event`, events }, foreign: at };
}

const chosen = patients.find(({ id }) => String(id) === options.patient);
if (options.patient !== undefined && chosen === undefined) throw new Error('No patient has the id of --patient.');
const { patient, foreign } = chosen === undefined ? withForeignEvent() : { patient: chosen, foreign: undefined };

const model = await loadModel(options.model);
try {
  const {
    patients: [{ surprisal }],
  } = await model.evaluate([patient], { surprisal: true });
  const scored = surprisal
    .map(({ id, logProb, expected }, event) => ({
      event,
      id,
      expected,
      bits: logProb === null ? null : -logProb / Math.LN2,
    }))
    .filter(({ bits }) => bits !== null);
  const total = scored.reduce((sum, { bits }) => sum + bits, 0);
  console.log(`${patient.id}: ${scored.length} events, ${(total / scored.length).toFixed(2)} bits each`);
  const day = (event) => new Date(Number(patient.events[event].start / 1000n)).toISOString().slice(0, 10);
  for (const { event, id, expected, bits } of scored
    .toSorted((a, b) => b.bits - a.bits)
    .slice(0, Number(options.top))) {
    const bar = '#'.repeat(Math.min(30, Math.round(bits)));
    const mark = event === foreign ? ' <- does not belong here' : '';
    console.log(`\n${day(event)}  event ${event}, ${bits.toFixed(1)} bits ${bar}${mark}`);
    console.log(`    found     ${model.tokenizer.describe(id)}`);
    console.log(`    expected  ${model.tokenizer.describe(expected.id)}`);
  }
  if (foreign !== undefined) {
    const rank = 1 + scored.filter(({ bits }) => bits > scored.find(({ event }) => event === foreign)?.bits).length;
    console.log(`\nThe foreign event is number ${rank} of ${scored.length} by surprisal.`);
  }
} finally {
  await model.dispose();
}
