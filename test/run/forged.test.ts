import { createHash } from 'node:crypto';
import { readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runEmbedding, runFolderOf } from '../../lib/run/index.ts';
import { digestOf } from '../../lib/run/manifest.ts';
import { expectClmbrError } from '../support/expect-error.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { fakePatients, fakeRun } from './fake-run.ts';

const folder = await temporaryFolder();

/** A run that stopped after some chunks. */
async function begun(name: string): Promise<{ target: string; path: string }> {
  const target = join(folder, name);
  async function* stopping() {
    let patients = 0;
    for await (const one of fakePatients(60)) {
      if (patients++ === 50) throw new Error('stopped');
      yield one;
    }
  }
  await runEmbedding({ ...fakeRun(target, 60), patients: stopping() }).catch(() => undefined);
  return { target, path: runFolderOf(target) };
}

function withDigest(content: Buffer): Buffer {
  return Buffer.concat([content, createHash('sha256').update(content).digest()]);
}

it.each([
  ['null', 'RUN_DAMAGED'],
  ['[]', 'RUN_MISMATCH'],
  ['{"constructor":1,"toString":2}', 'RUN_MISMATCH'],
] as const)('a manifest of another identity with its right digest: %s', async (identity, code) => {
  const { target, path } = await begun('manifest.jsonl');
  const digest = digestOf(JSON.parse(identity) as never);
  await writeFile(join(path, 'manifest.json'), `{"version":1,"identity":${identity},"digest":"${digest}"}`);
  await expectClmbrError(runEmbedding({ ...fakeRun(target, 60), unfinished: 'resume' }), code);
  await runEmbedding({ ...fakeRun(target, 60), unfinished: 'restart' });
});

it.each<[string, (records: Buffer, facts: string) => [Buffer, string]]>([
  ['no facts', (records) => [records, 'null']],
  ['facts of other types', (records, facts) => [records, facts.replace(/"rows":\d+/, '"rows":"7"')]],
  ['two rows in one place', (records, facts) => [Buffer.concat([records, records]), facts]],
  ['rows that are no JSON', (records, facts) => [Buffer.from(records).fill('x', 9, 12), facts]],
  [
    'a row of other types',
    (records, facts) => [Buffer.from(records.toString('latin1').replace('false', '""   '), 'latin1'), facts],
  ],
])('a chunk of other contents with their right digest: %s', async (name, change) => {
  const { target, path } = await begun('chunk.jsonl');
  const chunk = join(path, (await readdir(path)).find((one) => one.endsWith('.chunk'))!);
  const bytes = await readFile(chunk);
  const end = bytes.length - 36;
  const length = bytes.readUInt32LE(end);
  const [records, facts] = change(bytes.subarray(0, end - length), bytes.toString('utf8', end - length, end));
  const size = Buffer.alloc(4);
  size.writeUInt32LE(Buffer.byteLength(facts));
  await writeFile(chunk, withDigest(Buffer.concat([records, Buffer.from(facts), size])));
  await expectClmbrError(runEmbedding({ ...fakeRun(target, 60), unfinished: 'resume' }), 'RUN_DAMAGED', path);
  expect(await readdir(folder)).not.toContain('chunk.jsonl');
  await runEmbedding({ ...fakeRun(target, 60), unfinished: 'restart' });
  await rm(target);
});
