// Atomic files where the file system has no hard links (FAT, many network shares).
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { AtomicFile } from '../../lib/files/atomic-write.ts';
import { expectClmbrError } from '../support/expect-error.ts';
import { temporaryFolder } from '../support/temporary.ts';

const failing = vi.hoisted(() => ({ code: '' }));
vi.mock('node:fs/promises', async (original) => ({
  ...(await original<object>()),
  link: () => Promise.reject(Object.assign(new Error('no link'), { code: failing.code })),
}));

const folder = await temporaryFolder();

async function written(name: string): Promise<{ own: string; target: string; file: AtomicFile }> {
  const own = join(folder, name);
  await mkdir(own);
  const target = join(own, 'x');
  const file = await AtomicFile.create(target);
  await file.write(Buffer.from('new'));
  return { own, target, file };
}

it.each(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL', 'EMLINK'])('%s: it gets its name', async (code) => {
  failing.code = code;
  const { own, target, file } = await written(code);
  await file.commit();
  expect(await readdir(own)).toEqual(['x']);
  expect(await readFile(target, 'utf8')).toBe('new');
});

it('a file that came meanwhile stays', async () => {
  failing.code = 'EPERM';
  const { own, target, file } = await written('meanwhile');
  await writeFile(target, 'other');
  await expectClmbrError(file.commit(), 'TARGET_EXISTS', target);
  expect(await readdir(own)).toEqual(['x']);
  expect(await readFile(target, 'utf8')).toBe('other');
});

it('another failure is one, and leaves nothing', async () => {
  failing.code = 'EIO';
  const { own, target, file } = await written('broken');
  await expectClmbrError(file.commit(), 'WRITE_FAILED', target);
  expect(await readdir(own)).toEqual([]);
});
