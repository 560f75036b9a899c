import { AtomicFile } from '../files/atomic-write.ts';
import type { DataReport } from './report.ts';

/**
 * Writes a report as JSON; a file that is there already is replaced.
 *
 * @throws ClmbrError `WRITE_FAILED`
 */
export async function writeReport(path: string, report: DataReport): Promise<void> {
  const file = await AtomicFile.create(path, { overwrite: true, access: 'shared' });
  try {
    await file.write(Buffer.from(`${JSON.stringify(report, null, 2)}\n`));
    await file.commit();
  } catch (error) {
    await file.discard();
    throw error;
  }
}
