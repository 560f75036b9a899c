// Writes a MEDS folder of made-up patients: node bench/data/generate-meds.mjs FOLDER PATIENTS [tokenizer_config.json|model.gguf]
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { fileWriter, ParquetWriter } from 'hyparquet-writer';
import { ClmbrTokenizer } from '../../dist/index.js';

const shardPatients = 25_000;
const meanEvents = 25;
const microsecondsOfYear = 31_557_600_000_000n;

const schema = [
  { name: 'root', num_children: 4 },
  { name: 'subject_id', type: 'INT64', repetition_type: 'REQUIRED' },
  { name: 'time', type: 'INT64', repetition_type: 'OPTIONAL', converted_type: 'TIMESTAMP_MICROS' },
  { name: 'code', type: 'BYTE_ARRAY', repetition_type: 'REQUIRED', converted_type: 'UTF8' },
  { name: 'numeric_value', type: 'FLOAT', repetition_type: 'OPTIONAL' },
];

/** The same numbers for the same seed; from 0 to 1. */
function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** One file of patients, the first of which has the number `first`. */
function writeShard(path, first, patients, codes) {
  const random = seeded(first + 1);
  const columns = { subject_id: [], time: [], code: [], numeric_value: [] };
  for (let i = 0; i < patients; i++) {
    const events = 2 + Math.floor(-Math.log(1 - random()) * (meanEvents - 2));
    let time = -BigInt(Math.floor(random() * 60)) * microsecondsOfYear;
    for (let k = 0; k < events; k++) {
      if (k % 3 === 1) time += BigInt(Math.floor(random() * 1e13));
      columns.subject_id.push(1_000_000_000_000n + BigInt(first + i));
      columns.time.push(k === 0 ? null : time);
      columns.code.push(codes[Math.floor(random() ** 3 * codes.length)]);
      columns.numeric_value.push(random() < 0.4 ? Math.fround(random() * 200) : null);
    }
  }
  const writer = new ParquetWriter({ writer: fileWriter(path), schema });
  const columnData = Object.entries(columns).map(([name, data]) => ({ name, data }));
  writer.write({ columnData, rowGroupSize: 1_000_000 });
  writer.finish();
  return columns.code.length;
}

/** Writes `data/train/*.parquet`, with codes of a vocabulary and some that it lacks. Gives back the number of rows. */
export async function generateMeds(folder, patients, vocabulary) {
  const tokenizer = await ClmbrTokenizer.load(vocabulary);
  const { vocabulary: entries } = tokenizer;
  const special = 7;
  const ids = Array.from({ length: entries.size - special }, (_, i) => i + special);
  const codes = [...new Set(ids.map((id) => entries.entry(id).code))];
  for (let i = 0; i < codes.length / 10; i++) codes.splice(i * 10, 0, `LAB//${i}//unknown`);
  mkdirSync(join(folder, 'data', 'train'), { recursive: true });
  let rows = 0;
  for (let first = 0; first < patients; first += shardPatients) {
    const name = `${String(first / shardPatients).padStart(5, '0')}.parquet`;
    const count = Math.min(shardPatients, patients - first);
    rows += writeShard(join(folder, 'data', 'train', name), first, count, codes);
  }
  return rows;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [folder, patients, vocabulary = 'examples/demo/demo.gguf'] = process.argv.slice(2);
  process.stdout.write(`${await generateMeds(folder, Number(patients), vocabulary)} rows\n`);
}
