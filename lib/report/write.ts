import { AtomicFile } from '../files/atomic-write.ts';
import { checkString, invalidArgument, readable } from '../options.ts';
import type { DataReport } from './report.ts';

/**
 * Writes a report as JSON that only its owner may read: unknown codes may be anything. A file that is there already is replaced.
 *
 * @throws ClmbrError `WRITE_FAILED`
 */
export async function writeReport(path: string, report: DataReport): Promise<void> {
  checkString(path, 'path');
  const version = typeof report === 'object' ? readable('report', () => report?.version) : undefined;
  if (version !== 1) throw invalidArgument('report', 'a report', report);
  const text = readable('report', () => JSON.stringify(report, null, 2));
  const file = await AtomicFile.create(path, { overwrite: true, access: 'private' });
  try {
    await file.write(Buffer.from(`${text}\n`));
    await file.commit();
  } catch (error) {
    await file.discard();
    throw error;
  }
}
