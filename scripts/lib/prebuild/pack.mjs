import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { root } from '../paths.mjs';
import { StepError } from '../report.mjs';
import { addonName } from './targets.mjs';
import { inCross } from './zig.mjs';

const gyp = fileURLToPath(new URL('./gyp.mjs', import.meta.url));

/**
 * Lets prebuildify build one target and put the file where node-gyp-build looks for it. prebuildify moves the addon out of
 * build/Release of the folder that it runs in; that folder is not the checkout, whose own addon stays.
 * @param {ReturnType<typeof import('./targets.mjs').nativeTarget>} target
 * @param {{zig?: string, ggml: string, tests?: boolean, jobs?: number}} options without zig: cmake-js and this machine's compiler
 */
export async function pack(target, options) {
  const stage = inCross('stage', target.name);
  rmSync(path.join(stage, 'build'), { recursive: true, force: true });
  mkdirSync(stage, { recursive: true });
  const prebuildify = promisify(createRequire(import.meta.url)('prebuildify'));
  process.env.CLMBR_PREBUILD = JSON.stringify({ target, options });
  try {
    await prebuildify({
      name: addonName,
      cwd: stage,
      out: root,
      napi: true,
      // The headers of Node-API are the same for every Node: this version only has to exist.
      targets: ['22.0.0'],
      platform: target.platform,
      arch: target.arch,
      libc: target.libc,
      tagLibc: target.libc !== undefined,
      nodeGyp: writeLauncher(stage),
      cache: inCross('prebuildify'),
    });
  } catch (error) {
    // What went wrong was printed by the build itself.
    throw new StepError(`prebuildify: ${error.message}`);
  } finally {
    delete process.env.CLMBR_PREBUILD;
  }
}

/** A program that runs gyp.mjs with this Node; prebuildify wants one file to start. */
function writeLauncher(stage) {
  const windows = process.platform === 'win32';
  const file = path.join(stage, windows ? 'gyp.cmd' : 'gyp');
  const text = windows
    ? `@"${process.execPath}" "${gyp}" %*\r\n`
    : `#!/bin/sh\nexec "${process.execPath}" "${gyp}" "$@"\n`;
  writeFileSync(file, text, { mode: 0o755 });
  return file;
}
