// Runs inside each Node that a prebuilt file is tested on, and needs nothing but it and the package:
//   node check.mjs <package folder> <result file>
// Results go to a file, because a pipe does not work everywhere (wine).
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [root, resultFile] = process.argv.slice(2);
const sha256 = (data) => createHash('sha256').update(data).digest('hex');

/** The shared libraries of the process that are addons, as the operating system names them. */
const loadedAddons = () => process.report.getReport().sharedObjects.filter((file) => file.endsWith('.node'));

const shorten = (patient) => ({ ...patient, events: patient.events.slice(0, 48) });

async function check() {
  const started = performance.now();
  const { loadModel } = await import(pathToFileURL(path.join(root, 'dist', 'index.js')));
  const demo = path.join(root, 'examples', 'demo');
  const lines = readFileSync(path.join(demo, 'patients.jsonl'), 'utf8').trim().split('\n');
  // Short timelines: an emulated processor takes its time.
  const patients = lines.slice(0, 6).map((line) => shorten(JSON.parse(line)));
  const model = await loadModel(path.join(demo, 'demo.gguf'), { threads: 2, device: 'cpu' });
  try {
    const firstVector = await model.embed(patients.slice(0, 1));
    const seconds = (performance.now() - started) / 1000;
    const { data } = await model.embed(patients, { pooling: 'mean' });
    const alone = await model.embed(patients.slice(0, 1), { pooling: 'last' });
    const evaluated = await model.evaluate(patients.slice(0, 3), { topK: 5 });
    const futures = [];
    for await (const future of model.generate(patients[0], { samples: 2, maxEvents: 6, seed: 7 }))
      futures.push(future.events.map((event) => event.id));
    const embeddings = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const next = evaluated.patients.map((patient) => patient.next.map(({ id, probability }) => [id, probability]));
    return {
      repeated: firstVector.data.every((value, i) => Object.is(value, alone.data[i])),
      kernels: model.info.kernels,
      rows: patients.length,
      embeddings: Buffer.from(embeddings).toString('base64'),
      sha256: sha256(embeddings),
      next,
      futures,
      secondsToFirstVector: seconds,
    };
  } finally {
    await model.dispose();
  }
}

const { platform, arch, version } = process;
try {
  const result = await check();
  const addons = loadedAddons().map((file) => ({ file, sha256: sha256(readFileSync(file)) }));
  writeFileSync(resultFile, JSON.stringify({ platform, arch, version, ...result, addons }));
} catch (error) {
  writeFileSync(resultFile, JSON.stringify({ platform, arch, version, error: `${error.stack}\n${error.cause ?? ''}` }));
  process.exitCode = 1;
}
