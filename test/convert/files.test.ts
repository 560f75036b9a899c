import { createHash, randomBytes } from 'node:crypto';
import { link, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AtomicFile } from '../../lib/files/atomic-write.ts';
import { sha256OfFile } from '../../lib/files/digest.ts';
import { InputFile, readWholeFile } from '../../lib/files/input-file.ts';
import { quoted } from '../../lib/files/quoted.ts';
import { expectClmbrError } from '../support/expect-error.ts';
import { temporaryFolder } from '../support/temporary.ts';

const folder = await temporaryFolder();
let folders = 0;

async function newFolder(): Promise<string> {
  const path = join(folder, String(folders++));
  await mkdir(path);
  return path;
}

describe('AtomicFile', () => {
  it('gives the name with the content, its size and its digest', async () => {
    const own = await newFolder();
    const target = join(own, 'x.bin');
    const file = await AtomicFile.create(target);
    const pieces = [randomBytes(100_000), randomBytes(0), randomBytes(7)];
    for (const piece of pieces) await file.write(piece);
    expect(await readdir(own)).toEqual([expect.stringMatching(/^\.x\.bin\.[0-9a-f]{12}\.partial$/)]);
    const content = Buffer.concat(pieces);
    const sha256 = createHash('sha256').update(content).digest('hex');
    expect(await file.commit()).toEqual({ bytes: 100_007, sha256 });
    expect(await readdir(own)).toEqual(['x.bin']);
    expect((await readFile(target)).equals(content)).toBe(true);
    expect((await stat(target)).nlink).toBe(1);
  });

  it.skipIf(process.platform === 'win32')('is private unless it is shared', async () => {
    const own = await newFolder();
    for (const access of ['private', 'shared'] as const) {
      const file = await AtomicFile.create(join(own, access), { access });
      await file.commit();
    }
    expect((await stat(join(own, 'private'))).mode & 0o777).toBe(0o600);
    expect((await stat(join(own, 'shared'))).mode & 0o777).toBe(0o666 & ~process.umask());
  });

  it('does not replace a file that came while it was written, unless asked', async () => {
    const own = await newFolder();
    const target = join(own, 'x');
    const file = await AtomicFile.create(target);
    await file.write(Buffer.from('new'));
    await writeFile(target, 'other');
    await expectClmbrError(file.commit(), 'TARGET_EXISTS', target);
    expect(await readFile(target, 'utf8')).toBe('other');
    expect(await readdir(own)).toEqual(['x']);
    const second = await AtomicFile.create(target, { overwrite: true });
    await second.write(Buffer.from('new'));
    expect(await readFile(target, 'utf8')).toBe('other');
    await second.commit();
    expect(await readFile(target, 'utf8')).toBe('new');
  });

  it('does not write through links at the target', async () => {
    const own = await newFolder();
    const victim = join(own, 'victim');
    await writeFile(victim, 'precious');
    await symlink(victim, join(own, 'soft'));
    await link(victim, join(own, 'hard'));
    await symlink(join(own, 'nowhere'), join(own, 'dangling'));
    await expectClmbrError(AtomicFile.create(join(own, 'dangling')), 'TARGET_EXISTS');
    for (const name of ['soft', 'hard']) {
      const file = await AtomicFile.create(join(own, name), { overwrite: true });
      await file.write(Buffer.from('new'));
      await file.commit();
      expect(await readFile(join(own, name), 'utf8')).toBe('new');
    }
    expect(await readFile(victim, 'utf8')).toBe('precious');
  });

  it('leaves nothing when it is discarded, twice too', async () => {
    const own = await newFolder();
    const file = await AtomicFile.create(join(own, 'x'));
    await file.write(Buffer.from('some'));
    await file.discard();
    await file.discard();
    expect(await readdir(own)).toEqual([]);
  });

  it('asks first whether there is room', async () => {
    const own = await newFolder();
    const attempt = AtomicFile.create(join(own, 'x'), { expectedBytes: 2 ** 52 });
    await expectClmbrError(attempt, 'WRITE_FAILED', String(2 ** 52), 'free');
    expect(await readdir(own)).toEqual([]);
  });
});

describe('reading', () => {
  it('has the digest of sha256sum', async () => {
    const path = join(await newFolder(), 'abc');
    await writeFile(path, 'abc');
    expect(await sha256OfFile(path)).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    await writeFile(path, '');
    expect(await sha256OfFile(path)).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    const reason = new Error('stop');
    await writeFile(path, Buffer.alloc(10_000_000));
    const controller = new AbortController();
    const digest = sha256OfFile(path, { signal: controller.signal, onProgress: () => controller.abort(reason) });
    await expect(digest).rejects.toBe(reason);
  });

  it('notices a file that is changed or cut meanwhile', async () => {
    const path = join(await newFolder(), 'x');
    await writeFile(path, 'one two');
    const file = await InputFile.open(path);
    await file.assertUnchanged();
    await writeFile(path, 'one');
    await expectClmbrError(file.assertUnchanged(), 'FILE_UNREADABLE', 'changed');
    await expectClmbrError(file.read(new Uint8Array(7), 0), 'FILE_UNREADABLE', 'shorter', '7');
    await file.close();
  });

  it('refuses files that are too long for their kind', async () => {
    const path = join(await newFolder(), 'x');
    await writeFile(path, 'four');
    await expectClmbrError(readWholeFile(path, 3), 'FILE_UNREADABLE', '4 bytes', '3');
    expect((await readWholeFile(path, 4)).toString()).toBe('four');
  });
});

it('quotes what a file says on one line, shortened', () => {
  expect(quoted('a"b\n\u001b\u009b\u202e')).toBe('"a\\"b\\n\\u001b\\u009b\\u202e"');
  expect(quoted('x'.repeat(500)).length).toBeLessThan(130);
  expect(quoted({ a: 'y'.repeat(500) }).length).toBeLessThan(130);
  expect([quoted(5n), quoted(undefined), quoted(null), quoted(0.5)]).toEqual(['5', 'undefined', 'null', '0.5']);
});
