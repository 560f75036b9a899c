import { existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { inRoot } from './paths.mjs';
import { run } from './process.mjs';
import { StepError, say, step } from './report.mjs';
import { clearStamp, digestOf, isCurrent, listFiles, setStamp } from './stamps.mjs';

const buildInfo = () => inRoot('build', 'tsconfig.tsbuildinfo');

/** Compiles lib/ to dist/ with its declarations. */
export async function buildTypes() {
  const sources = listFiles(['lib'], (file) => file.endsWith('.ts'));
  const digest = digestOf([...sources, 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json']);
  if (existsSync(inRoot('dist')) && isCurrent('types', digest)) {
    say('> dist: up to date');
    return;
  }
  await step('dist: tsc', async () => {
    clearStamp('types');
    // The incremental account does not notice that its outputs are gone.
    if (!existsSync(inRoot('dist'))) rmSync(buildInfo(), { force: true });
    const { code, output } = await tsc(['-p', 'tsconfig.build.json']);
    if (code !== 0) throw new StepError(`tsc failed:\n${output.trim()}`);
    removeOrphans(inRoot('dist'), inRoot('lib'));
    setStamp('types', digest);
  });
}

export const tsc = (args, options) =>
  run(process.execPath, [inRoot('node_modules', 'typescript', 'bin', 'tsc'), ...args], options);

/** Removes outputs of sources that are gone: the package would ship them. */
function removeOrphans(output, source) {
  for (const entry of readdirSync(output, { withFileTypes: true })) {
    const made = path.join(output, entry.name);
    if (entry.isDirectory()) {
      if (existsSync(path.join(source, entry.name))) removeOrphans(made, path.join(source, entry.name));
      else rmSync(made, { recursive: true });
    } else {
      const stem = entry.name.replace(/(\.d\.ts|\.js\.map|\.js)$/, '');
      if (stem !== entry.name && !existsSync(path.join(source, `${stem}.ts`))) rmSync(made);
    }
  }
}
