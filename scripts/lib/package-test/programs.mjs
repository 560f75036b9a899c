// What a stranger writes. Each program prints one line that begins with `vector`, and fails where the vector is not one.

const embed = `
  const { events } = JSON.parse(readFileSync(new URL('patients.jsonl', demo), 'utf8').split('\\n')[0]);
  const model = await loadModel(fileURLToPath(new URL('demo.gguf', demo)));
  const { data } = await model.embed([events]);
  await model.dispose();
  if (data.length !== model.info.hiddenSize || !data.every(Number.isFinite) || data.every((value) => value === 0))
    throw new Error('no vector: ' + data.length + ' numbers');
  console.log('vector', data.length, data.slice(0, 3).join(' '));
`;

export const esm = `
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { loadModel } from 'clmbr';
const manifest = createRequire(import.meta.url).resolve('clmbr/package.json');
const demo = new URL('examples/demo/', pathToFileURL(manifest));
${embed}`;

/** @param {string} load how a CommonJS module gets at the package */
const inCommonJs = (load) => `
const { readFileSync } = require('node:fs');
const { fileURLToPath, pathToFileURL } = require('node:url');
const demo = new URL('examples/demo/', pathToFileURL(require.resolve('clmbr/package.json')));
async function main() {
  const { loadModel } = ${load};
  ${embed}
}
main().catch((error) => { console.error(error); process.exit(1); });
`;

export const commonJs = inCommonJs("require('clmbr')");
export const commonJsByImport = inCommonJs("await import('clmbr')");

/** Uses types in both directions: a wrong declaration does not compile, and one that is \`any\` does not either. */
export const typed = `
import { ClmbrError, loadModel } from 'clmbr';
import type { Event } from 'clmbr';
const history: Event[] = [{ code: 'LOINC/4548-4', value: 8.1, start: new Date(0) }];
export async function vectors(path: string): Promise<Float32Array> {
  const model = await loadModel(path, { device: 'cpu' });
  try {
    const { data } = await model.embed([history], { pooling: 'mean' });
    return data;
  } catch (error) {
    throw error instanceof ClmbrError ? new Error(error.code) : error;
  }
}
export async function refused(path: string): Promise<void> {
  const model = await loadModel(path);
  // @ts-expect-error there is no such pooling
  await model.embed([history], { pooling: 'median' });
  // @ts-expect-error not a number
  const size: string = model.info.hiddenSize;
  console.log(size);
}
`;
