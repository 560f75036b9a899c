// How fast MEDS is read and tokenized, and in how much memory: node bench/data/meds.mjs [PATIENTS|FOLDER|FILE ...]
//
// Each runs in a process of its own. A number makes a folder of that many made-up patients under the temporary folder (and keeps it).
// Prints one JSON line each; rates are rows for each second of processor time of all threads.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ClmbrTokenizer, openMeds } from '../../dist/index.js';
import { generateMeds } from './generate-meds.mjs';

const vocabulary = fileURLToPath(new URL('../../examples/demo/demo.gguf', import.meta.url));

async function folderOf(patients) {
  const folder = join(tmpdir(), `clmbr-bench-meds-${patients}`);
  if (existsSync(folder)) return folder;
  await rm(`${folder}.part`, { recursive: true, force: true });
  await generateMeds(`${folder}.part`, patients, vocabulary);
  await rename(`${folder}.part`, folder);
  return folder;
}

async function measure(path) {
  const tokenizer = await ClmbrTokenizer.load(vocabulary);
  const encoder = tokenizer.encoder();
  const data = await openMeds(path);
  const before = process.cpuUsage();
  const start = performance.now();
  let [patients, rows, tokens] = [0, 0, 0];
  for await (const { events } of data.patients()) {
    encoder.reset();
    encoder.pushSlice(events);
    patients++;
    rows += events.length;
    tokens += encoder.length;
  }
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(before);
  const processor = (user + system) / 1e6;
  return {
    patients,
    rows,
    tokens,
    seconds: Number(seconds.toFixed(2)),
    processorSeconds: Number(processor.toFixed(2)),
    rowsPerProcessorSecond: Math.round(rows / processor),
    maxRssMegabytes: Math.round(process.resourceUsage().maxRSS / 1024),
  };
}

if (process.argv[2] === '--measure') {
  process.stdout.write(`${JSON.stringify(await measure(process.argv[3]))}\n`);
} else {
  const given = process.argv.length > 2 ? process.argv.slice(2) : ['10000', '100000', '1000000'];
  for (const one of given) {
    const path = /^\d+$/.test(one) ? await folderOf(Number(one)) : one;
    const { status } = spawnSync(process.execPath, [fileURLToPath(import.meta.url), '--measure', path], {
      stdio: 'inherit',
    });
    if (status !== 0) process.exitCode = 1;
  }
}
