import { cpSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { commonJsByImport } from './programs.mjs';
import { npmProgram, programs } from './tools.mjs';

/**
 * Package managers. `install` gets the tarball; `offline` is added for the second installation, which has the cache of the
 * first and no network, or `installOffline` takes the place of both; `env` keeps every cache below `cache`; `node` are the words that run a script,
 * `commonJs` is the script in place of the usual one.
 */
export const managers = [
  {
    name: 'npm',
    program: npmProgram,
    install: (tarball) => ['install', '--ignore-scripts', '--loglevel=error', tarball],
    offline: ['--offline'],
    env: (cache) => ({ npm_config_cache: cache }),
  },
  {
    name: 'pnpm',
    program: programs.pnpm,
    install: (tarball) => ['add', '--ignore-scripts', tarball],
    offline: ['--offline'],
    env: (cache) => ({
      npm_config_store_dir: cache,
      npm_config_cache_dir: path.join(cache, 'metadata'),
      npm_config_state_dir: path.join(cache, 'state'),
    }),
  },
  {
    name: 'yarn 1',
    program: programs.yarnClassic,
    install: (tarball) => ['add', '--ignore-scripts', '--non-interactive', `file:${tarball}`],
    offline: ['--offline'],
    env: (cache) => ({ YARN_CACHE_FOLDER: cache }),
  },
  { name: 'yarn 4, node_modules', ...yarnBerry('node-modules') },
  {
    name: 'yarn 4, plug and play',
    ...yarnBerry('pnp'),
    node: () => [...programs.yarn(), 'node'],
    // Node 20 does not ask its loader about what an ES module imports that was loaded with require().
    commonJs: commonJsByImport,
  },
  {
    name: 'bun',
    program: programs.bun,
    install: (tarball) => ['add', '--ignore-scripts', tarball],
    offline: [],
    env: (cache) => ({ BUN_INSTALL_CACHE_DIR: cache }),
  },
  {
    name: 'bun, run by Bun',
    program: programs.bun,
    install: (tarball) => ['add', '--ignore-scripts', tarball],
    offline: [],
    env: (cache) => ({ BUN_INSTALL_CACHE_DIR: cache }),
    node: () => [...programs.bun(), 'run'],
  },
];

function yarnBerry(linker) {
  return {
    program: programs.yarn,
    prepare: (folder) =>
      writeFileSync(path.join(folder, '.yarnrc.yml'), `nodeLinker: ${linker}\nenableScripts: false\n`),
    install: (tarball) => ['add', `clmbr@file:${tarball}`],
    // It keeps packages but not what versions there are: without network it needs a lock file.
    installOffline: (folder, online) => {
      for (const name of ['package.json', 'yarn.lock']) cpSync(path.join(online, name), path.join(folder, name));
      return ['install'];
    },
    env: (cache) => ({ YARN_GLOBAL_FOLDER: cache, YARN_ENABLE_TELEMETRY: '0', YARN_ENABLE_IMMUTABLE_INSTALLS: '0' }),
  };
}

/** Names under which managers look for the registry. */
export const registryVariables = (registry) => ({
  npm_config_registry: registry,
  YARN_REGISTRY: registry,
  YARN_NPM_REGISTRY_SERVER: registry,
});
