import { stat } from 'node:fs/promises';
import { ClmbrError } from '../../errors.ts';
import { filesBelow, named, sizeOfFile } from '../../files/folder.ts';
import { unreadable } from '../../files/input-file.ts';

export interface FhirFile {
  path: string;
  bytes: number;
}

export interface FhirFiles {
  /** `bulk`: resources of many patients, one a line. `bundles`: files of one JSON document each. */
  form: 'bulk' | 'bundles';
  files: FhirFile[];
}

const lines = /\.(ndjson|jsonl)(\.gz)?$/i;
const documents = /\.json(\.gz)?$/i;

/** A file with one resource a line. */
export const isLinesFile = (path: string): boolean => lines.test(path);

/**
 * The FHIR files of a folder and the folders in it, ordered by path, or a lone file. JSON documents beside NDJSON belong to the export (a
 * manifest) and are left out.
 *
 * @throws ClmbrError `INVALID_INPUT` when there are none; `FILE_UNREADABLE`
 */
export async function listFhirFiles(path: string): Promise<FhirFiles> {
  const status = await stat(path).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  if (!status.isDirectory())
    return { form: isLinesFile(path) ? 'bulk' : 'bundles', files: [{ path, bytes: status.size }] };
  const paths = await filesBelow(path);
  const bulk = named(paths, lines);
  const chosen = bulk.length > 0 ? bulk : named(paths, documents);
  if (chosen.length === 0) {
    throw new ClmbrError(
      'INVALID_INPUT',
      `${path}: expected FHIR bundles (.json) or bulk data (.ndjson), packed with gzip or not, found neither.`,
    );
  }
  const files: FhirFile[] = [];
  for (const file of chosen) files.push({ path: file, bytes: await sizeOfFile(file) });
  return { form: bulk.length > 0 ? 'bulk' : 'bundles', files };
}
