import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { relative } from 'node:path';
import type { Dataset } from '../data/dataset.ts';
import { ClmbrError } from '../errors.ts';
import { sha256OfFile } from '../files/digest.ts';
import { filesBelow } from '../files/folder.ts';
import type { ClmbrModel } from '../model/index.ts';
import type { Json } from '../output/metadata.ts';
import { fingerprintFiles } from '../run/index.ts';
import type { RunIdentity } from '../run/index.ts';
import { version } from '../version.ts';
import type { CheckedExtract } from './extract-options.ts';

/** What results hang on: to tell runs apart, and for the output to say of itself. */
export interface Provenance {
  /** Of this run: changes whenever results might. */
  identity: RunIdentity;
  /** For the output's metadata: the same on every machine. */
  metadata: Readonly<Record<string, Json>>;
  /** @throws ClmbrError `FILE_UNREADABLE` where the files of the data are not those of the identity any more */
  assertUnchanged: () => Promise<void>;
}

/** @throws ClmbrError `FILE_UNREADABLE` */
export async function provenanceOf(
  model: ClmbrModel,
  dataPath: string,
  dataset: Dataset,
  options: CheckedExtract,
): Promise<Provenance> {
  const { signal } = options;
  const digest = (path: string | undefined) =>
    path === undefined ? Promise.resolve(null) : sha256OfFile(path, signal === undefined ? {} : { signal });
  const fingerprint = () => fingerprintFiles(dataset.files, dataPath === '-' ? '.' : dataPath);
  const files = await fingerprint();
  const { pooling, representation, recipe, specialTokens, overflow, sharing } = options.embed;
  const settings = {
    ...{ pooling, representation, recipe, specialTokens, overflow, sharing },
    ...{ zeroAsMissing: options.zeroAsMissing, skipBadRows: options.skipBadRows, skipUnknown: options.skipUnknown },
    exactCase: options.exactCase,
    at: options.at,
  };
  const chosen = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)) as Record<
    string,
    Json
  >;
  const tables = {
    labels: await digestOfLabels(options.labels, signal),
    map: await digest(options.map),
    convertUnits: await digest(options.convertUnits),
  };
  const computing = { device: model.info.device.replace(/:.*/, ''), compute: model.info.compute };
  const common = { clmbr: version, model: await digest(model.info.path), ...computing, settings: chosen, ...tables };
  return {
    identity: {
      ...common,
      input: dataset.kind,
      data: { files: files.files, bytes: files.bytes, digest: files.exact },
      shard: options.shard === undefined ? null : `${options.shard.index}/${options.shard.count}`,
    },
    metadata: { ...common, data: { input: dataset.kind, files: files.files, bytes: files.bytes, names: files.names } },
    assertUnchanged: async () => {
      if ((await fingerprint()).exact === files.exact) return;
      const message = `${dataPath} was changed while it was read; run again when it is complete.`;
      throw new ClmbrError('FILE_UNREADABLE', message, { details: { path: dataPath } });
    },
  };
}

/** Of the content of a file, or of all files of a folder. */
async function digestOfLabels(path: string | undefined, signal: AbortSignal | undefined): Promise<string | null> {
  if (path === undefined) return null;
  const options = signal === undefined ? {} : { signal };
  if (!(await stat(path)).isDirectory()) return sha256OfFile(path, options);
  const hash = createHash('sha256');
  for (const file of await filesBelow(path))
    hash.update(`${relative(path, file)} ${await sha256OfFile(file, options)}\n`);
  return hash.digest('hex');
}
