import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ClmbrError } from '../../errors.ts';
import { filesBelow, named } from '../../files/folder.ts';
import { unreadable } from '../../files/input-file.ts';

/** Where the parts of a MEDS data set lie. */
export interface MedsLayout {
  /** Files of events, in the order of their paths. */
  files: readonly string[];
  /** The folder that the names of splits are folders of; undefined for a lone file. */
  dataFolder: string | undefined;
  codes: string | undefined;
  splits: string | undefined;
}

const deepest = 16;

/**
 * Finds the parts of a MEDS folder (`data/` with Parquet files at any depth, `metadata/` where there is one), or of a lone Parquet file of MEDS
 * events; the metadata of that one lies in `metadata` beside it, or beside the folder `data` that holds it.
 *
 * @throws ClmbrError `INVALID_INPUT` where there is no file of events; `FILE_UNREADABLE`
 */
export async function findMeds(path: string): Promise<MedsLayout> {
  if (!(await isFolder(path))) {
    const metadata = await metadataOf(dirname(path));
    return { files: [path], dataFolder: undefined, ...metadata };
  }
  const dataFolder = join(path, 'data');
  if (!(await exists(dataFolder))) {
    const message = `${path}: expected a MEDS folder, which has a folder data with Parquet files, found none; a lone file of events is given by its own path.`;
    throw new ClmbrError('INVALID_INPUT', message, { details: { path } });
  }
  const files = await parquetFiles(dataFolder);
  if (files.length === 0) {
    throw new ClmbrError('INVALID_INPUT', `${dataFolder}: expected Parquet files, found none.`, { details: { path } });
  }
  return { files, dataFolder, ...(await metadataIn(join(path, 'metadata'))) };
}

/**
 * All `*.parquet` of a folder at any depth, in the order of their paths (compared by code units), without those that are hidden or begin with `_`.
 *
 * @throws ClmbrError `FILE_UNREADABLE`
 */
export async function parquetFiles(folder: string): Promise<string[]> {
  return named(await filesBelow(folder, /^[._]/), /\.parquet$/i);
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function metadataOf(folder: string): Promise<Pick<MedsLayout, 'codes' | 'splits'>> {
  const beside = await metadataIn(join(folder, 'metadata'));
  if (beside.codes !== undefined || beside.splits !== undefined) return beside;
  for (let above = folder, depth = 0; depth < deepest && dirname(above) !== above; above = dirname(above), depth++) {
    if (basename(above) === 'data') return metadataIn(join(dirname(above), 'metadata'));
  }
  return beside;
}

async function metadataIn(folder: string): Promise<Pick<MedsLayout, 'codes' | 'splits'>> {
  const one = async (name: string) => ((await exists(join(folder, name))) ? join(folder, name) : undefined);
  return { codes: await one('codes.parquet'), splits: await one('subject_splits.parquet') };
}
