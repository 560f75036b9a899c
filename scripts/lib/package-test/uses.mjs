import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { inRoot } from '../paths.mjs';
import { StepError } from '../report.mjs';
import { NotRun } from './cases.mjs';
import { vectorOf } from './installs.mjs';
import { must, userEnvironment } from './machine.mjs';
import { typed } from './programs.mjs';
import { programs } from './tools.mjs';

/** How TypeScript may look for the package, with every check of its declarations on. */
const compilers = [
  { name: 'node16', file: 'typed.mts', options: { module: 'node16', moduleResolution: 'node16' } },
  { name: 'bundler', file: 'typed.ts', options: { module: 'esnext', moduleResolution: 'bundler' } },
  { name: 'nodenext in CommonJS', file: 'typed.cts', options: { module: 'nodenext' } },
];

/** Uses of the installed package in `cwd`. */
export async function testUses(cases, cwd) {
  const env = userEnvironment();
  for (const { name, file, options } of compilers)
    await cases.run(`TypeScript: ${name}`, async () => {
      writeFileSync(path.join(cwd, file), typed);
      const types = { types: ['node'], typeRoots: [inRoot('node_modules', '@types')] };
      const compilerOptions = {
        ...options,
        ...types,
        target: 'es2022',
        strict: true,
        skipLibCheck: false,
        noEmit: true,
      };
      const project = path.join(cwd, `tsconfig.${options.module}.json`);
      writeFileSync(project, JSON.stringify({ compilerOptions, files: [file] }));
      await must(process.execPath, [inRoot('node_modules', 'typescript', 'bin', 'tsc'), '-p', project], { cwd, env });
    });
  for (const format of ['esm', 'cjs'])
    await cases.run(`esbuild: ${format} bundle, the package external`, async () => {
      const source = format === 'esm' ? 'app.mjs' : 'app.cjs';
      const bundle = `bundle.${format === 'esm' ? 'mjs' : 'cjs'}`;
      const [command, ...words] = programs.esbuild();
      const options = ['--bundle', '--platform=node', `--format=${format}`, '--external:clmbr', `--outfile=${bundle}`];
      await must(command, [...words, source, ...options], { cwd, env });
      await vectorOf([process.execPath, bundle], { cwd, env });
    });
  await cases.run('Electron', () => testElectron(cwd, env));
  await cases.run('commands: clmbr --version and demo', async () => {
    const main = path.join(cwd, 'node_modules', 'clmbr', 'dist', 'cli', 'main.js');
    const text = await must(process.execPath, [main, 'demo'], { cwd, env });
    if (!text.includes('npx clmbr')) throw new StepError(`the demo ended early:\n${text}`);
  });
}

/** CLMBR_ELECTRON: path of Electron's program. */
async function testElectron(cwd, env) {
  const electron = process.env.CLMBR_ELECTRON;
  if (!electron)
    throw new NotRun(
      'no npm package holds its program, which the package electron downloads from its releases; CLMBR_ELECTRON names one',
    );
  if (!existsSync(electron)) throw new StepError(`there is no ${electron}`);
  for (const file of ['app.mjs', 'app.cjs'])
    await vectorOf([electron, file], { cwd, env: { ...env, ELECTRON_RUN_AS_NODE: '1' } });
}

/** Builds the addon from the installed package, without the prebuilt one and without network. */
export async function testSource(cases, cwd, { remove, cut }) {
  await cases.run('clmbr build: from the installed package, without network', async () => {
    remove(path.join(cwd, 'node_modules', 'clmbr', 'prebuilds'));
    const env = userEnvironment();
    const main = path.join(cwd, 'node_modules', 'clmbr', 'dist', 'cli', 'main.js');
    const [command, words] = cut(process.execPath, [main, 'build', '--quiet']);
    const text = await must(command, words, { cwd, env });
    await vectorOf([process.execPath, 'app.mjs'], { cwd, env });
    return text.trim().split('\n').pop();
  });
}
