import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { runEmbedding, runFolderOf } from '../../lib/index.ts';
import type { UnfinishedRun } from '../../lib/index.ts';
import { lockTimes } from '../../lib/run/run-lock.ts';
import { expectClmbrError } from '../support/expect-error.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { fakeEmbed, fakeRun } from './fake-run.ts';
import type { FakePatient } from './fake-run.ts';

const root = await temporaryFolder();
const count = 95;
const usual = { ...lockTimes };
afterEach(() => Object.assign(lockTimes, usual));
let folders = 0;

async function freshTarget(): Promise<string> {
  const folder = join(root, String(folders++));
  await mkdir(folder);
  return join(folder, 'x.npz');
}

/** A run that waits at a patient until it is let go. */
function waitingRun(target: string, at: bigint) {
  let go!: () => void;
  let arrived!: () => void;
  const gone = new Promise<void>((resolve) => (go = resolve));
  const waits = new Promise<void>((resolve) => (arrived = resolve));
  const run = fakeRun(target, count);
  async function* held(patients: AsyncIterable<FakePatient>) {
    for await (const patient of patients) {
      if (patient.id === at) {
        arrived();
        await gone;
      }
      yield patient;
    }
  }
  return { ended: runEmbedding({ ...run, embed: (patients) => fakeEmbed(held(patients)) }), waits, go };
}

it.each<[UnfinishedRun, bigint]>([
  ['refuse', 3n],
  ['resume', 3n],
  ['resume', 43n],
  ['restart', 43n],
])('a second run (%s) while the first one is at patient %s is refused and harms nothing', async (unfinished, at) => {
  Object.assign(lockTimes, { beat: 50, look: 20 });
  const target = await freshTarget();
  const first = waitingRun(target, at);
  await first.waits;
  const there = (await readdir(runFolderOf(target))).sort();
  await expectClmbrError(runEmbedding({ ...fakeRun(target, count), unfinished }), 'RUN_EXISTS', 'Another process');
  expect((await readdir(runFolderOf(target))).sort()).toEqual(there);
  first.go();
  expect((await first.ended).patients).toBe(count);
  const alone = fakeRun(await freshTarget(), count);
  await runEmbedding(alone);
  expect((await readFile(target)).equals(await readFile(alone.target))).toBe(true);
  expect(await readdir(join(target, '..'))).toEqual(['x.npz']);
});

it.each([
  ['writes nothing any more', { machine: 'elsewhere', pid: process.pid }],
  ['left it broken', 'x'],
  ['left it empty', ''],
])('the lock of a process that %s is taken over', async (_, lock) => {
  Object.assign(lockTimes, { look: 20, silence: 100 });
  const target = await freshTarget();
  await writeFile(`${runFolderOf(target)}.lock`, typeof lock === 'string' ? lock : JSON.stringify(lock));
  expect((await runEmbedding(fakeRun(target, count))).patients).toBe(count);
  expect(existsSync(`${runFolderOf(target)}.lock`)).toBe(false);
});

it('waiting for another process can be aborted', async () => {
  const target = await freshTarget();
  await writeFile(`${runFolderOf(target)}.lock`, JSON.stringify({ machine: hostname(), pid: process.pid }));
  const controller = new AbortController();
  const reason = new Error('stopped');
  setTimeout(() => controller.abort(reason), 50);
  await expect(runEmbedding({ ...fakeRun(target, count), signal: controller.signal })).rejects.toBe(reason);
  expect(existsSync(`${runFolderOf(target)}.lock`)).toBe(true);
});
