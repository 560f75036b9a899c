import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { copyFile, readFile, rename, stat, symlink, truncate, unlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { InputFile } from '../../lib/files/input-file.ts';
import { ClmbrError, loadModel } from '../../lib/index.ts';
import type { LoadProgress } from '../../lib/index.ts';
import { expectClmbrError } from '../support/expect-error.ts';
import { convertedModel, modelLoader } from '../support/model.ts';
import { bits } from '../support/numbers.ts';
import { temporaryFolder } from '../support/temporary.ts';

const folder = await temporaryFolder();
const load = modelLoader();
let path: string;
beforeAll(async () => {
  ({ path } = await convertedModel(folder, 'model', {
    hiddenSize: 64,
    feedForward: 100,
    vocabulary: true,
    type: 'bf16',
  }));
});

describe('loadModel', () => {
  it('says of a file that goes away meanwhile that it cannot be read', async () => {
    const gone = join(folder, 'gone.gguf');
    await copyFile(path, gone);
    const onProgress = vi.fn(() => rmSync(gone, { force: true }));
    await expectClmbrError(loadModel(gone, { onProgress }), 'FILE_UNREADABLE', 'gone.gguf');
    expect(onProgress).toHaveBeenCalled();
  });

  it('says what was loaded', async () => {
    const model = await load(path, { threads: 3 });
    const perLayer = 2 * 64 + 64 * 64 * 2 + 2 * 64 * 32 + 3 * 64 * 100;
    expect(model.info).toMatchObject({
      path,
      architecture: 'llama',
      parameters: 2 * 40 * 64 + 64 + 2 * perLayer,
      contextLength: 128,
      hiddenSize: 64,
      layerCount: 2,
      headCount: 4,
      kvHeadCount: 2,
      headSize: 16,
      feedForwardSize: 100,
      vocabularySize: 40,
      weightType: 'BF16',
      device: 'cpu',
      threads: 3,
    });
    expect(['avx512', 'avx2', 'neon', 'scalar']).toContain(model.info.kernels);
    // Two bytes a weight; panels are filled up to 32 rows.
    expect(model.info.bytes).toBeGreaterThan(2 * model.info.parameters);
    expect(model.info.bytes).toBeLessThan(4 * model.info.parameters);
    expect(Object.isFrozen(model.info)).toBe(true);
    expect(model.tokenizer!.size).toBe(40);
  });

  it('checks the digest that it is given', async () => {
    const sha256 = await digestOf(path);
    await load(path, { sha256 });
    await load(path, { sha256: sha256.toUpperCase() });
    const wrong = sha256.replace(/./g, (digit) => (digit === '0' ? '1' : '0'));
    await expectClmbrError(loadModel(path, { sha256: wrong }), 'DIGEST_MISMATCH', path, sha256, wrong);
  });

  it('reports bytes up to the total', async () => {
    const seen: LoadProgress[] = [];
    await load(await fresh('progress'), { onProgress: (progress) => seen.push(progress) });
    const last = seen.at(-1)!;
    expect(last.bytes).toBe(last.totalBytes);
    expect(last.totalBytes).toBeGreaterThan(2 * 60_000);
  });

  it('ends with what its progress function throws', async () => {
    const failure = new Error('from the caller');
    const onProgress = () => {
      throw failure;
    };
    await expect(loadModel(await fresh('throws'), { onProgress })).rejects.toBe(failure);
  });

  it('rejects with the reason of its signal', async () => {
    const reason = new Error('changed my mind');
    await expect(loadModel(path, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const loading = loadModel(await fresh('aborted'), { signal: controller.signal });
    controller.abort(reason);
    await expect(loading).rejects.toBe(reason);
  });

  it('stops reading weights at its signal', async () => {
    const reason = new Error('changed my mind');
    const controller = new AbortController();
    const { signal } = controller;
    // The last thing before the weights are read is to listen to the signal.
    const listen = vi.spyOn(signal, 'addEventListener').mockImplementation((...args) => {
      listen.mockRestore();
      signal.addEventListener(...args);
      controller.abort(reason);
    });
    await expect(loadModel(await fresh('stopped'), { signal })).rejects.toBe(reason);
    expect(signal.addEventListener).not.toBe(listen);
  });

  it('names a file that is not there or not whole', async () => {
    await expectClmbrError(loadModel(join(folder, 'none.gguf')), 'FILE_UNREADABLE', 'none.gguf');
    await expectClmbrError(loadModel(folder), 'FILE_UNREADABLE', folder);
    await expectClmbrError(loadModel(7 as unknown as string), 'INVALID_ARGUMENT', 'path');
    const cut = await fresh('cut');
    await truncate(cut, 100_000);
    await expectClmbrError(loadModel(cut), 'INVALID_GGUF', cut);
    const page = join(folder, 'page.gguf');
    await writeFile(page, '<!DOCTYPE html><html><body>Sign in</body></html>');
    await expectClmbrError(loadModel(page), 'NOT_A_MODEL', page);
  });

  it('shares weights of the same file, and takes new ones when it changed', async () => {
    const [own, link] = [await fresh('own'), join(folder, 'link.gguf')];
    await symlink(own, link);
    const [one, two] = [await load(own), await load(link)];
    const embed = async (model: typeof one) => bits((await model.embed([[7, 8, 9]])).data);
    const before = await embed(one);
    expect(await embed(two)).toBe(before);
    await one.dispose();
    expect(await embed(two)).toBe(before);
    const other = await convertedModel(folder, 'other', {
      hiddenSize: 64,
      feedForward: 100,
      vocabulary: true,
      type: 'bf16',
      seed: 2,
    });
    await copyFile(other.path, own);
    await utimes(own, new Date(), new Date(Date.now() + 5000));
    const three = await load(own);
    expect(await embed(three)).not.toBe(before);
    expect(await embed(three)).toBe(await embed(await load(other.path)));
    expect(await embed(two)).toBe(before);
  });

  it('takes the weights of another file of the same size and time', async () => {
    const path = await fresh('hour');
    const hour = new Date('2024-01-01T00:00:00Z');
    await utimes(path, hour, hour);
    const before = await load(path);
    const other = await alike();
    await utimes(other, hour, hour);
    await rename(other, path);
    expect(await stat(path)).toMatchObject({ size: (await stat(before.info.path)).size, mtime: hour });
    const sha256 = await digestOf(path);
    const row = async (model: typeof before) => bits((await model.embed([[7, 8, 9]])).data);
    expect(await row(await load(path, { sha256 }))).not.toBe(await row(before));
  });

  it('refuses a file that stands for another one while its digest is taken', async () => {
    const [good, bad, path] = [await alike(), await fresh('bad'), join(folder, 'swapped.gguf')];
    const hour = new Date('2024-01-01T00:00:00Z');
    await utimes(good, hour, hour);
    // The system's clock for changes of files has ticks of some milliseconds.
    await setTimeout(50);
    await utimes(bad, hour, hour);
    const sha256 = await digestOf(good);
    const point = async (target: string) => {
      await unlink(path).catch(() => undefined);
      await symlink(target, path);
    };
    await point(bad);
    // Opened once for its header and once for its digest.
    const open = InputFile.open.bind(InputFile);
    const opened = vi.spyOn(InputFile, 'open');
    opened.mockImplementation(async (name) => {
      if (opened.mock.calls.length === 1) return open(name);
      await point(good);
      const file = await open(name);
      await point(bad);
      return file;
    });
    try {
      await expectClmbrError(loadModel(path, { sha256 }), 'FILE_UNREADABLE', 'changed while it was loaded');
      expect(opened).toHaveBeenCalledTimes(2);
    } finally {
      opened.mockRestore();
    }
  });
});

describe('an error', () => {
  it('is a ClmbrError with a name, a code and numbers', async () => {
    const error = await loadModel(path, { threads: 0 }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ClmbrError);
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: 'ClmbrError', code: 'INVALID_ARGUMENT', details: { parameter: 'threads' } });
  });
});

/** The model with other weights: a file of the same size. */
async function alike(): Promise<string> {
  const options = { hiddenSize: 64, feedForward: 100, vocabulary: true, type: 'bf16', seed: 3 } as const;
  return (await convertedModel(folder, `alike-${files++}`, options)).path;
}

let files = 0;

async function digestOf(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
}

/** A copy that no other test has loaded. */
async function fresh(name: string): Promise<string> {
  const copy = join(folder, `copy-${name}.gguf`);
  await copyFile(path, copy);
  return copy;
}
