import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { currentLibc } from './runtime.ts';

/** `default`: the addon of this package; `cuda`: the one of the optional package clmbr-cuda, with CUDA linked in. */
export type AddonVariant = 'default' | 'cuda';

/** Addons that a package carries for one platform. */
export interface Carried {
  /** As in `linux-x64`. */
  platform: string;
  /** C libraries that have a file of their own; empty where one file serves. */
  libcs: readonly string[];
}

/** Why there is no file to load. */
export type Missing =
  /** Not where its package is, as in a bundle. */
  | { why: 'bundled' }
  | { why: 'not-installed' }
  | { why: 'other-version'; found: string }
  | { why: 'no-file'; carried: readonly Carried[] };

export interface Location {
  /** Version of clmbr; '' where its package was not found. */
  version: string;
  file: string | null;
  missing: Missing | null;
}

/** Where the addon of a variant is. Never throws. */
export function locate(variant: AddonVariant): Location {
  const root = ownRoot();
  if (root === null) return { version: '', file: null, missing: { why: 'bundled' } };
  const version = manifestOf(root)!.version;
  const failed = (missing: Missing): Location => ({ version, file: null, missing });
  let folder: string | null = root;
  if (variant === 'cuda') {
    folder = cudaRoot(root);
    if (folder === null) return failed({ why: 'not-installed' });
    const found = manifestOf(folder)?.version ?? 'of no version';
    if (found !== version) return failed({ why: 'other-version', found });
  }
  const file = resolve(root, folder);
  return file === null ? failed({ why: 'no-file', carried: carriedBy(folder) }) : { version, file, missing: null };
}

/** The folder of this package: two above lib/native/ and dist/native/; null in a bundle. */
function ownRoot(): string | null {
  try {
    const root = fileURLToPath(new URL('../..', import.meta.url));
    return manifestOf(root)?.name === 'clmbr' ? root : null;
  } catch {
    // A bundle in the CommonJS format has no import.meta.url.
    return null;
  }
}

/**
 * Looks beside this package first, then where the program itself would find it: package managers that keep packages apart show
 * clmbr only its own dependencies.
 */
function cudaRoot(root: string): string | null {
  // Like Node: the working folder counts only where there is no program, so that data cannot bring an addon along.
  const program = process.argv[1] ?? join(process.cwd(), 'program');
  for (const from of [join(root, 'package.json'), program]) {
    try {
      return dirname(createRequire(from).resolve('clmbr-cuda/package.json'));
    } catch {
      // Not there, or `from` is no path: the next.
    }
  }
  return null;
}

function resolve(root: string, folder: string): string | null {
  let found: string | null = null;
  try {
    const build = createRequire(join(root, 'package.json'))('node-gyp-build') as { path: (root: string) => string };
    found = build.path(folder);
  } catch {
    // It throws where there is none.
  }
  return withOwnLibc(folder, found);
}

/**
 * node-gyp-build takes a Linux for musl's only where it is Alpine. Where the package has a file for this process's C library,
 * that is the one.
 */
function withOwnLibc(folder: string, found: string | null): string | null {
  const platform = join(folder, 'prebuilds', `${process.platform}-${process.arch}`);
  if (process.platform !== 'linux' || (found !== null && dirname(found) !== platform)) return found;
  const libc = currentLibc();
  const isOwn = (name: string): boolean => name.endsWith('.node') && name.split('.').includes(libc ?? '');
  if (libc === null || (found !== null && isOwn(found.slice(platform.length + 1)))) return found;
  const own = filesIn(platform).find(isOwn);
  return own === undefined ? found : join(platform, own);
}

function carriedBy(folder: string): Carried[] {
  const prebuilds = join(folder, 'prebuilds');
  return filesIn(prebuilds)
    .filter((platform) => /^[a-z0-9]+-[a-z0-9+]+$/.test(platform))
    .map((platform) => {
      const names = filesIn(join(prebuilds, platform)).filter((name) => name.endsWith('.node'));
      const libcs = names.flatMap((name) => name.split('.').filter((tag) => tag === 'glibc' || tag === 'musl'));
      return { platform, libcs, files: names.length };
    })
    .filter(({ files }) => files > 0)
    .map(({ platform, libcs }) => ({ platform, libcs: libcs.sort() }));
}

function filesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).sort() : [];
}

function manifestOf(folder: string): { name: string; version: string } | null {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name: string; version: string };
  } catch {
    return null;
  }
}
