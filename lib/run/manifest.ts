import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { ClmbrError } from '../errors.ts';
import { AtomicFile } from '../files/atomic-write.ts';
import { readWholeFile } from '../files/input-file.ts';
import { printable, quoted } from '../files/quoted.ts';
import { canonicalJson } from '../output/metadata.ts';
import type { Json } from '../output/metadata.ts';
import { damaged } from './chunk-file.ts';

/** Everything that results hang on, by the name that a message gives it. Equal runs have equal identities. */
export type RunIdentity = Readonly<Record<string, Json | undefined>>;

interface Manifest {
  version: 1;
  identity: RunIdentity;
  digest: string;
}

export const manifestName = 'manifest.json';
/** That a message lists. */
const mostNames = 8;
/** Settings and digests take a few kilobytes. */
const mostBytes = 16 * 1024 * 1024;

export function digestOf(identity: RunIdentity): string {
  return createHash('sha256').update(canonicalJson(identity)).digest('hex');
}

export async function writeManifest(folder: string, identity: RunIdentity): Promise<void> {
  const manifest: Manifest = { version: 1, identity, digest: digestOf(identity) };
  const file = await AtomicFile.create(join(folder, manifestName), { access: 'private', overwrite: true });
  try {
    await file.write(Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`));
  } catch (error) {
    await file.discard();
    throw error;
  }
  await file.commit();
}

/**
 * Undefined where there is none.
 *
 * @throws ClmbrError `RUN_DAMAGED`
 */
export async function readManifest(folder: string): Promise<RunIdentity | undefined> {
  const path = join(folder, manifestName);
  const text = await readWholeFile(path, mostBytes).catch((error: unknown) => {
    if (error instanceof ClmbrError && error.details.reason === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    const { version, identity, digest } = JSON.parse(text.toString()) as Partial<Manifest>;
    const isObject = typeof identity === 'object' && identity !== null;
    if (version === 1 && isObject && digestOf(identity) === digest) return identity;
  } catch {
    // Said below.
  }
  throw damaged(path);
}

/**
 * Refuses to go on with a run of other settings or data.
 *
 * @throws ClmbrError `RUN_MISMATCH` that names what differs
 */
export function assertSameRun(target: string, begun: RunIdentity, now: RunIdentity): void {
  const names = [...new Set([...Object.keys(begun), ...Object.keys(now)])].sort();
  // Not what every object inherits: a name may be `constructor`.
  const of = (identity: RunIdentity, name: string) => (Object.hasOwn(identity, name) ? identity[name] : undefined);
  const different = names.filter((name) => canonicalJson(of(begun, name)) !== canonicalJson(of(now, name)));
  if (different.length === 0) return;
  const parts = different
    .slice(0, mostNames)
    .map((name) => `${printable(name.slice(0, 64))} was ${shown(of(begun, name))} and is ${shown(of(now, name))}`);
  throw new ClmbrError(
    'RUN_MISMATCH',
    `The run for ${target} was begun with other settings: ${parts.join('; ')}. Ask for the same, or begin it again (--restart).`,
    { details: { path: target, different } },
  );
}

function shown(value: Json | undefined): string {
  return value === undefined ? 'not given' : quoted(value);
}
