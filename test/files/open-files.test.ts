// Whatever became of a file, nothing of it stays open.
import { readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { AtomicFile } from '../../lib/files/atomic-write.ts';
import { sha256OfFile } from '../../lib/files/digest.ts';
import { readWholeFile } from '../../lib/files/input-file.ts';
import { openGguf } from '../../lib/gguf/reader.ts';
import { buildGguf, tinyLlama } from '../support/gguf-builder.ts';
import { temporaryFolder } from '../support/temporary.ts';

const folder = await temporaryFolder();
const [model, broken] = [join(folder, 'model.gguf'), join(folder, 'broken.gguf')];
await writeFile(model, buildGguf(tinyLlama()));
await writeFile(broken, buildGguf(tinyLlama()).subarray(0, 200));

const target = (i: number): string => join(folder, `target-${i}`);
const begin = async (i: number): Promise<AtomicFile> => {
  const file = await AtomicFile.create(target(i));
  await file.write(Buffer.from('some'));
  return file;
};

it.runIf(process.platform === 'linux').each<[string, (i: number) => Promise<unknown>]>([
  ['a header that was read', () => openGguf(model)],
  ['a header that was refused', () => openGguf(broken).catch(() => undefined)],
  ['a digest', () => sha256OfFile(model)],
  ['a digest that was stopped', () => sha256OfFile(model, { signal: AbortSignal.abort() }).catch(() => undefined)],
  ['a whole file', () => readWholeFile(model, 1e6)],
  ['a file that is too long', () => readWholeFile(model, 1).catch(() => undefined)],
  ['an output that was discarded', async (i) => (await begin(i)).discard()],
  ['an output that was completed', async (i) => (await begin(1000 + i)).commit()],
])('%s', async (_, action) => {
  await action(-1);
  const before = readdirSync('/proc/self/fd').length;
  for (let i = 0; i < 20; i++) await action(i);
  expect(readdirSync('/proc/self/fd').length - before).toBeLessThan(10);
});
