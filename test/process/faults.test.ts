// The addon that `npm run test:native` builds beside the native tests: memory, threads and reads fail where a test says so.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { convertedModel } from '../support/model.ts';
import { runScript } from '../support/process.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { processModelShapes } from './models.mjs';

// Beside the addon under test, where that is another than the usual one.
const build = process.env['CLMBR_PREBUILD'] ?? fileURLToPath(new URL('../../build', import.meta.url));
const prebuild = `${build}/faults`;
const folder = await temporaryFolder();

it.skipIf(!existsSync(`${prebuild}/build/Release/clmbr.node`))(
  'every allocation, buffer, thread and read that fails is an error of the call, and the next call is right',
  async () => {
    const { path } = await convertedModel(folder, 'model', processModelShapes[1]);
    const options = { flags: ['--expose-gc'], env: { CLMBR_PREBUILD: prebuild }, limit: 55_000 };
    const { code, stdout, stderr } = await runScript('faults', [path], options);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const results = JSON.parse(stdout.split('\n')[0]!) as Record<string, { faults: number; grown: number }>;
    for (const kind of ['buffer', 'thread', 'read', 'heap'])
      expect(results[`load ${kind}`]!.faults, kind).toBeGreaterThan(0);
    for (const name of ['embed', 'evaluate', 'generate']) {
      expect(results[`${name} heap`]!.faults, name).toBeGreaterThan(20);
      expect(results[`${name} thread`]!.faults, name).toBeGreaterThan(0);
    }
    for (const [name, { grown }] of Object.entries(results)) expect(grown, name).toBeLessThan(5);
  },
);
