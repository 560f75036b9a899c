import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { DataPatient } from '../../../../lib/data/dataset.ts';
import { openFhir } from '../../../../lib/data/fhir/index.ts';
import { resources, secrets } from '../fhir-resources.ts';
import { demand, refusal } from '../judge.ts';
import { mutateBytes } from '../mutate-bytes.ts';
import type { Node } from '../mutate-json.ts';
import { mutateNode, toNode, write } from '../mutate-json.ts';
import type { Random } from '../random.ts';
import type { Target } from '../target.ts';

const nodes = resources.map(toNode);

/** All resources as one document; entries by reference and by URL. */
const bundle = toNode({
  resourceType: 'Bundle',
  type: 'collection',
  entry: resources.map((resource, i) => ({ fullUrl: `urn:uuid:${i}`, resource, request: { method: 'POST' } })),
});

function randomLines(random: Random): string {
  const lines: string[] = [];
  for (let i = random.between(2, 12); i > 0; i--) {
    const node: Node = random.pick(nodes);
    lines.push(write(random.chance(0.4) ? mutateNode(random, node) : node));
    if (random.chance(0.05)) lines.push(random.pick(['', ' ', '\r', '{}', '[]', '7', write(bundle)]));
  }
  return lines.join(random.pick(['\n', '\n', '\r\n']));
}

/** The files of a case by their names. */
function randomFiles(random: Random): Map<string, Uint8Array> {
  const isBulk = random.chance(0.5);
  const files = new Map<string, Uint8Array>();
  for (let i = random.pick([1, 1, 2]); i > 0; i--) {
    const text = isBulk ? randomLines(random) : write(mutateNode(random, bundle));
    const plain = random.chance(0.15) ? mutateBytes(random, Buffer.from(text)) : Buffer.from(text);
    const name = isBulk ? `${random.pick(['Mixed', 'Patient', 'Observation', 'Medication'])}.${i}.ndjson` : `${i}.json`;
    if (!random.chance(0.15)) files.set(name, plain);
    else files.set(`${name}.gz`, random.chance(0.5) ? gzipSync(plain) : mutateBytes(random, gzipSync(plain)));
  }
  return files;
}

function checkPatient({ id, events }: DataPatient): void {
  demand(typeof id === 'string' && id !== '', `the id is a ${typeof id}`);
  for (const { code, value, unit, start, end, candidates } of events) {
    demand(typeof code === 'string' && code !== '', 'a code is no text');
    demand(value === null || ['number', 'string', 'boolean'].includes(typeof value), `a value is a ${typeof value}`);
    demand(unit === null || unit === undefined || typeof unit === 'string', `a unit is a ${typeof unit}`);
    demand(start === null || start === undefined || typeof start === 'bigint', `a start is a ${typeof start}`);
    demand(end === null || end === undefined || typeof end === 'bigint', `an end is a ${typeof end}`);
    for (const candidate of candidates ?? []) demand(typeof candidate.code === 'string', 'a candidate is no text');
  }
}

/** FHIR in bundles and in lines, packed and not. */
export const fhir: Target = async (scratch) => {
  const folder = join(scratch, 'case');
  return async (random, keep) => {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder);
    for (const [name, content] of randomFiles(random)) {
      keep(name, content);
      await writeFile(join(folder, name), content);
    }
    try {
      const data = await openFhir(folder, { skipBadRows: random.chance(0.4), zeroAsMissing: random.chance(0.2) });
      for await (const patient of data.patients()) checkPatient(patient as DataPatient);
      await data.close();
      for (const [name, count] of Object.entries(data.skipped)) {
        demand(/^[a-z-]+(:[A-Za-z]{1,40})?$/.test(name) && count > 0, 'skipped counts what is no fixed name');
      }
      return 'accepted';
    } catch (error) {
      return refusal(error, ['INVALID_INPUT', 'FILE_UNREADABLE'], secrets);
    }
  };
};
