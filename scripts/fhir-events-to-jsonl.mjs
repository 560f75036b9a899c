// Turns the flat form of FHIR events (events.csv or events.csv.gz, patients.csv) into patients as JSON Lines:
//   node scripts/fhir-events-to-jsonl.mjs <folder> <out.jsonl | ->
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { finished } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { parse } from 'csv-parse';

const birth = 'SNOMED/3950001';
const death = 'SNOMED/419620001';
const genders = { male: 'Gender/M', female: 'Gender/F' };
const ethnicities = { '2135-2': 'Ethnicity/Hispanic', '2186-5': 'Ethnicity/Not Hispanic' };
const races = { '1002-5': 'Race/1', '2028-9': 'Race/2', '2054-5': 'Race/3', '2076-8': 'Race/4', '2106-3': 'Race/5' };

/** Rows of a CSV file, packed or not, as objects. */
function rowsOf(file) {
  const source = createReadStream(file);
  const text = file.endsWith('.gz') ? source.pipe(createGunzip()) : source;
  return text.pipe(parse({ columns: true, bom: true }));
}

/** Birth, gender, ethnicity and race come first, at the time of birth. */
function firstEvents({ birth_date: start, gender, race_code: race, ethnicity_code: ethnicity }) {
  return [birth, genders[gender], ethnicities[ethnicity], races[race]]
    .filter((code) => code !== undefined)
    .map((code) => ({ code, start, omopTable: 'person' }));
}

function eventOf({ code, value, unit, start, end, omop_table: omopTable }) {
  const number = omopTable === 'measurement' && value !== '' && Number.isFinite(Number(value));
  return {
    code,
    ...(value === '' ? {} : { value: number ? Math.fround(Number(value)) : value }),
    ...(unit === '' ? {} : { unit }),
    start,
    ...(end === '' ? {} : { end }),
    omopTable,
  };
}

/** The events of a patient in order: rows are sorted by the text of their start, which may have an offset. */
function patientOf(person, events) {
  const rest = [...events];
  if (person.death_datetime !== '') rest.push({ code: death, start: person.death_datetime, omopTable: 'death' });
  rest.sort((a, b) => Date.parse(a.start) - Date.parse(b.start));
  return { id: Number(person.person_id), events: [...firstEvents(person), ...rest] };
}

async function convert(folder, output) {
  const people = new Map();
  for await (const person of rowsOf(path.join(folder, 'patients.csv'))) people.set(person.person_id, person);
  const packed = path.join(folder, 'events.csv.gz');
  const write = async (id, events) => {
    const person = people.get(id);
    if (person === undefined) throw new Error(`a person of the events is not in patients.csv, or comes twice`);
    people.delete(id);
    if (!output.write(`${JSON.stringify(patientOf(person, events))}\n`))
      await new Promise((resolve) => output.once('drain', resolve));
  };
  let current;
  let events = [];
  for await (const row of rowsOf(existsSync(packed) ? packed : path.join(folder, 'events.csv'))) {
    if (current !== undefined && row.person_id !== current) {
      await write(current, events);
      events = [];
    }
    current = row.person_id;
    events.push(eventOf(row));
  }
  if (current !== undefined) await write(current, events);
  for (const id of [...people.keys()]) await write(id, []);
}

const [folder, target] = process.argv.slice(2);
if (folder === undefined || target === undefined) {
  process.stderr.write('usage: node scripts/fhir-events-to-jsonl.mjs <folder> <out.jsonl | ->\n');
  process.exit(2);
}
const output = target === '-' ? process.stdout : createWriteStream(target, { mode: 0o600 });
await convert(folder, output);
if (target !== '-') {
  output.end();
  await finished(output);
}
