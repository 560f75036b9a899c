// The demo model and its simulated patients, which every example takes unless it is given others.
import { fileURLToPath } from 'node:url';
import { readPatientsJsonl } from 'clmbr';

const demo = (name) => fileURLToPath(new URL(`../demo/${name}`, import.meta.url));
export const demoModel = demo('demo.gguf');
export const demoPatients = demo('patients.jsonl');

/** All patients of a JSON Lines file whose events are in order of time. */
export async function readPatients(path) {
  const patients = [];
  for await (const patient of readPatientsJsonl(path)) patients.push(patient);
  return patients;
}
