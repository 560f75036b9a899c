// npm run audit, with a program in npm's place.
import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../support/temporary.ts';

const folder = await temporaryFolder();
const script = fileURLToPath(new URL('../../scripts/audit.mjs', import.meta.url));

const report = (counts: Record<string, number>): string => JSON.stringify({ metadata: { vulnerabilities: counts } });

it.each([
  ['nothing is known', report({ info: 0, low: 2, moderate: 0, high: 0, critical: 0 }), 0, 'no known weakness'],
  ['something is known', report({ low: 0, moderate: 1, high: 0, critical: 2 }), 1, '1 moderate, 2 critical'],
  ['the registry has no list', JSON.stringify({ message: '405 Method Not Allowed', error: {} }), 0, 'not run'],
  ['there is no registry', 'npm error network', 0, 'not run'],
])('%s', async (_name, answer, code, text) => {
  const npm = join(folder, 'npm-cli.js');
  await writeFile(npm, `process.stdout.write(${JSON.stringify(answer)});`);
  const { status, stdout } = spawnSync(process.execPath, [script], {
    encoding: 'utf8',
    env: { ...process.env, npm_execpath: npm },
  });
  expect({ status, stdout }).toEqual({ status: code, stdout: expect.stringContaining(text) as string });
});
