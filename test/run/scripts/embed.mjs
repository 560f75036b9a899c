// embed.mjs DIST TARGET MODEL|- PATIENTS: embeds invented patients (with a stand-in for the model, slowly) or those of a file, several times
// over; goes on where an earlier process stopped. Says `ready` when it begins.
import { pathToFileURL } from 'node:url';

const [, , dist, target, modelPath, count] = process.argv;
const { runEmbedding } = await import(pathToFileURL(`${dist}/run/index.js`).href);
const dimensions = 512;

/** The label file mixes patients: their rows are far apart. */
const place = (patient, label) => (label * Number(count) + ((patient * 7919) % Number(count))) * 2;

async function* invented() {
  for (let id = 0; id < Number(count); id++) {
    const positions = [place(id, 0), place(id, 1)];
    yield {
      patient: { id: BigInt(id), at: positions.map(BigInt) },
      positions,
      labels: positions.map((x) => x % 3 === 0),
    };
  }
}

async function* standIn(patients) {
  for await (const { id, at } of patients) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    const rows = at.map((time) => ({ patient: id, time, tokens: 1, truncated: false, dropped: 0 }));
    const data = Float32Array.from({ length: 2 * dimensions }, (_, i) => Math.sin(Number(id) * dimensions + i));
    yield { rows, data, dimensions };
  }
}

async function* ofFile() {
  const { readPatientsJsonl } = await import(pathToFileURL(`${dist}/data/index.js`).href);
  const once = [];
  for await (const patient of readPatientsJsonl(process.argv[6])) once.push(patient);
  for (let i = 0; i < Number(count); i++) {
    const patient = { ...once[i % once.length], id: i };
    yield { patient, positions: [place(i, 0)], labels: [i % 2 === 0] };
  }
}

let model;
if (modelPath !== '-') {
  const { loadModel } = await import(pathToFileURL(`${dist}/model/index.js`).href);
  model = await loadModel(modelPath, { device: 'cpu', threads: 1 });
}
process.stdout.write('ready\n');
const result = await runEmbedding({
  target,
  identity: { model: modelPath, count },
  patients: model === undefined ? invented() : ofFile(),
  prepare: (patient) => patient,
  embed: (patients) => (model === undefined ? standIn(patients) : model.embedStream(patients)),
  output: { label: 'boolean_value', metadata: { clmbr: '0.0.0' } },
  unfinished: 'resume',
  chunkPatients: 16,
});
await model?.dispose();
process.stdout.write(`${JSON.stringify({ rows: result.rows, resumed: result.resumedPatients })}\n`);
