import { join, relative, sep } from 'node:path';
import { ClmbrError } from '../../errors.ts';
import { quoted } from '../../files/quoted.ts';
import { IdIndex } from '../id-index.ts';
import { ParquetFile } from '../parquet/index.ts';
import type { MedsLayout } from './layout.ts';

/** What is read of a data set when one split of it was asked for. */
export interface Selection {
  files: readonly string[];
  /** Subjects to read; undefined for all of those files. */
  subjects: IdIndex | undefined;
}

const named = 10;

/**
 * The subjects that `metadata/subject_splits.parquet` has under a split; without that file, what lies in the folder of that name in `data`.
 *
 * @throws ClmbrError `INVALID_INPUT` where there is no such split, with the names that there are
 */
export async function selectSplit(path: string, layout: MedsLayout, split: string): Promise<Selection> {
  const { files, splits, dataFolder } = layout;
  if (splits !== undefined) return { files, subjects: await subjectsOf(splits, split) };
  if (dataFolder === undefined) {
    throw new ClmbrError(
      'INVALID_INPUT',
      `${path}: expected a metadata/subject_splits.parquet to tell splits apart, found none.`,
    );
  }
  const inside = files.filter((file) => file.startsWith(join(dataFolder, split) + sep));
  if (inside.length > 0 && !/[\\/]|^\.*$/.test(split)) return { files: inside, subjects: undefined };
  const folders = new Set(
    files
      .map((file) => relative(dataFolder, file).split(sep))
      .flatMap(([first, ...rest]) => (rest.length > 0 ? [first!] : [])),
  );
  throw unknownSplit(dataFolder, split, folders);
}

async function subjectsOf(path: string, split: string): Promise<IdIndex> {
  const subjects = new IdIndex();
  const found = new Set<string>();
  const file = await ParquetFile.open(path);
  try {
    for await (const { rows, columns } of file.batches({ subject_id: 'int64', split: 'text' })) {
      const { values, valid } = columns.subject_id;
      for (let i = 0; i < rows; i++) {
        const name = columns.split.values[i];
        if (name === null || name === undefined || valid?.[i] === 0) continue;
        if (name === split) subjects.add(values[i]!);
        else if (found.size < named) found.add(name);
      }
    }
  } finally {
    await file.close();
  }
  if (subjects.size === 0) throw unknownSplit(path, split, found);
  return subjects;
}

function unknownSplit(path: string, split: string, found: ReadonlySet<string>): ClmbrError {
  const names = found.size === 0 ? 'no splits' : [...found].slice(0, named).map(quoted).join(', ');
  return new ClmbrError('INVALID_INPUT', `${path}: expected the split ${quoted(split)}, found ${names}.`);
}
