import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { StepError } from '../report.mjs';
import { NotRun } from './cases.mjs';
import { canCutNetwork, must, userEnvironment, withoutNetwork } from './machine.mjs';
import { managers, registryVariables } from './managers.mjs';
import { commonJs, esm } from './programs.mjs';

/** An empty folder of a stranger, with the programs that they wrote. */
export function strangersFolder(folder) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'package.json'), '{ "name": "stranger", "private": true }\n');
  writeFileSync(path.join(folder, 'app.mjs'), esm);
  writeFileSync(path.join(folder, 'app.cjs'), commonJs);
  return folder;
}

/** Runs a program in a folder; it must print a vector, which is returned. */
export async function vectorOf([command, ...args], { cwd, env, cut = true }) {
  const [program, words] = cut ? withoutNetwork(command, args) : [command, args];
  const line = /^vector .*$/m.exec(await must(program, words, { cwd, env }))?.[0];
  if (!line) throw new StepError('it printed no vector');
  return line;
}

/**
 * Each manager installs twice: first as it comes, which fills its cache, then into another folder without network. Returns
 * the folder in which npm did.
 */
export async function testInstalls(cases, { folder, tarball, registry }) {
  const vectors = new Set();
  for (const manager of managers) {
    const base = path.join(folder, manager.name.replace(/\W+/g, '-'));
    const env = userEnvironment({
      ...registryVariables(registry),
      ...manager.env(path.join(base, 'cache')),
    });
    const online = strangersFolder(path.join(base, 'online'));
    const offline = strangersFolder(path.join(base, 'offline'));
    for (const cwd of [online, offline]) manager.prepare?.(cwd);
    if (manager.commonJs) writeFileSync(path.join(offline, 'app.cjs'), manager.commonJs);
    const installOffline = async () => {
      const args = manager.installOffline?.(offline, online) ?? [...manager.install(tarball), ...manager.offline];
      const [command, ...words] = [...manager.program(), ...args];
      await must(...withoutNetwork(command, words), { cwd: offline, env });
    };
    let filled = false;
    await cases.run(`${manager.name}: install`, async () => {
      const [command, ...words] = [...manager.program(), ...manager.install(tarball)];
      await must(command, words, { cwd: online, env });
      filled = true;
    });
    await cases.run(`${manager.name}: install offline, import and require`, async () => {
      if (!filled) throw new NotRun('its cache was not filled');
      const start = performance.now();
      await installOffline();
      const installed = performance.now();
      const node = manager.node?.() ?? [process.execPath];
      vectors.add(await vectorOf([...node, 'app.mjs'], { cwd: offline, env }));
      const done = performance.now();
      vectors.add(await vectorOf([...node, 'app.cjs'], { cwd: offline, env }));
      if (vectors.size > 1) throw new StepError(`the vectors differ:\n${[...vectors].join('\n')}`);
      const seconds = (from, to) => ((to - from) / 1000).toFixed(1);
      const cut = canCutNetwork ? '' : ' (network was there)';
      const remark = manager.commonJs ? ', CommonJS by import()' : '';
      return `installed in ${seconds(start, installed)} s, first vector after ${seconds(start, done)} s${remark}${cut}`;
    });
    if (manager.name !== 'npm') rmSync(base, { recursive: true, force: true });
  }
  return path.join(folder, 'npm', 'offline');
}
