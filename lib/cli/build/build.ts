import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { ClmbrError } from '../../index.ts';
import type { Progress } from '../progress.ts';
import { explainLog } from './failure.ts';
import { builtAddon, checkLoads, install } from './install.ts';
import { buildShare, run } from './process.ts';
import type { BuildFlags } from './settings.ts';
import { binaryFolder, configureArguments } from './settings.ts';
import { findSources } from './sources.ts';
import { findTools } from './tools.ts';

export interface BuildOptions extends BuildFlags {
  jobs?: number;
  /** Further arguments for CMake. */
  handedThrough: readonly string[];
  progress: Progress;
  signal: AbortSignal;
}

/**
 * Builds the addon from the sources inside of the package and puts it in its place.
 *
 * @returns the path of the addon
 * @throws ClmbrError ADDON_UNAVAILABLE, WRITE_FAILED; UsageError
 */
export async function buildAddon(options: BuildOptions): Promise<string> {
  const sources = findSources();
  const machine = findTools(options, options.handedThrough);
  const work = makeWorkFolder(sources.root);
  try {
    const configure = configureArguments(options, options.handedThrough, sources, machine, work);
    const jobs = String(options.jobs ?? availableParallelism());
    options.progress.update(null, 'configuring');
    await step('CMake could not configure the build', configure, options, sources.root);
    await step('The build failed', compileArguments(work, jobs), options, sources.root);
    const built = builtAddon(work);
    if (built === undefined)
      throw new ClmbrError(
        'ADDON_UNAVAILABLE',
        'CMake reports success but made no addon: this is a defect of the package.',
      );
    await checkLoads(built, options.signal);
    rmSync(logFile(sources.root), { force: true });
    return install(built, sources.root);
  } finally {
    rmSync(work, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** What the last build printed that failed. */
const logFile = (root: string) => path.join(root, 'build', 'clmbr-build.log');

const compileArguments = (work: string, jobs: string) => [
  ...['--build', binaryFolder(work), '--target', 'clmbr', '--config', 'Release', '--parallel', jobs],
];

/** In the package's own folder, so that the last act is a rename within one file system. */
function makeWorkFolder(root: string): string {
  try {
    mkdirSync(path.join(root, 'build'), { recursive: true });
    return mkdtempSync(path.join(root, 'build', 'work-'));
  } catch (cause) {
    throw new ClmbrError(
      'WRITE_FAILED',
      `The addon is built inside of the package, but ${root} cannot be written (${(cause as NodeJS.ErrnoException).code}): ` +
        'install the package where you may write, or run this as its owner.',
      { cause },
    );
  }
}

async function step(
  problem: string,
  args: readonly string[],
  { progress, signal }: BuildOptions,
  root: string,
): Promise<void> {
  const onLine = (line: string) => {
    const share = buildShare(line);
    if (share !== undefined) progress.update(share, line.replace(/^\[[^\]]*\]\s*/, '').replace(/\S*[\\/]/, ''));
  };
  const { code, output } = await run('cmake', args, { signal, onLine });
  if (code === 0) return;
  const log = logFile(root);
  writeFileSync(log, output);
  throw new ClmbrError('ADDON_UNAVAILABLE', `${problem}: ${explainLog(output)} (the whole log: ${log}).`, {
    details: { log },
  });
}
