import { open } from 'node:fs/promises';
import { vi } from 'vitest';

/** From now on only so many writes to files succeed, until vitest's mocks are restored; the rest fail as on a full disk. */
export async function fillDisk(after: number): Promise<void> {
  const handle = await open(new URL(import.meta.url), 'r');
  const handles = Object.getPrototypeOf(handle) as { write: (...args: unknown[]) => Promise<unknown> };
  await handle.close();
  const { write } = handles;
  let calls = 0;
  vi.spyOn(handles, 'write').mockImplementation(function (this: unknown, ...args: unknown[]) {
    if (++calls <= after) return Reflect.apply(write, this, args) as Promise<unknown>;
    return Promise.reject(Object.assign(new Error('no space'), { code: 'ENOSPC' }));
  });
}
