// npm run bench [-- --full] [--only SECTION,...] [--without WORDS] [--rounds N] [--threads N] [--model F32.gguf --checkpoint FOLDER]
//   [--out FILE.json] [--append] [--dry | --render]
//
// This package beside everything that could be used instead, each measurement in a fresh process, contenders taking turns. Sections go
// to `--out` (bench/results/latest.json), into docs/benchmarks.md and docs/benchmarks/*.svg as each is done (`--dry`: not into docs;
// `--render`: nothing is measured). `--append` adds rounds to those that the file has. What is not installed is left out:
// bench/peers/setup.mjs installs it. Figures of different runs cannot be compared.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { appendRounds, say } from './lib/alternate.mjs';
import { machine, versions } from './lib/machine.mjs';
import { charted, markdown, replaceMeasured, sectionChart } from './lib/report.mjs';

const local = (path) => fileURLToPath(new URL(path, import.meta.url));
const { values: options } = parseArgs({
  options: {
    full: { type: 'boolean', default: false },
    only: { type: 'string' },
    without: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    threads: { type: 'string', default: String(os.availableParallelism()) },
    model: { type: 'string' },
    checkpoint: { type: 'string' },
    out: { type: 'string', default: local('results/latest.json') },
    append: { type: 'boolean', default: false },
    dry: { type: 'boolean', default: false },
    render: { type: 'boolean', default: false },
  },
});
if (!existsSync(local('../dist/index.js'))) {
  say('Run `npm run build` first.');
  process.exit(1);
}
// Only now: these import the build.
const { prepareModels } = await import('./lib/models.mjs');
const some = await import('./lib/sections.mjs');
const more = await import('./lib/more-sections.mjs');
const { operatorsSection } = await import('./lib/operators-section.mjs');
const oneThread = (section) => (setting) => section({ ...setting, threads: 1, oneThread: true });
const measurements = {
  agreement: some.agreementSection,
  kernels: more.kernelsSection,
  kernelsOneThread: oneThread(more.kernelsSection),
  operators: operatorsSection,
  single: some.singleSection,
  singleOneThread: oneThread(some.singleSection),
  cohort: some.cohortSection,
  cohortOneThread: oneThread(some.cohortSection),
  published: some.publishedSection,
  publishedOneThread: oneThread(some.publishedSection),
  labels: some.labelsSection,
  futures: more.futuresSection,
  types: more.typesSection,
  cold: more.coldSection,
};
// Long, and of use where the machine is busy: with --full, or when asked for.
const longer = ['cohortOneThread', 'publishedOneThread'];
const wanted =
  options.only?.split(',') ?? Object.keys(measurements).filter((name) => options.full || !longer.includes(name));
const unknown = wanted.find((name) => !Object.hasOwn(measurements, name));
if (unknown !== undefined) {
  say(`--only: expected some of ${Object.keys(measurements).join(', ')}, found '${unknown}'.`);
  process.exit(1);
}
if (options.model !== undefined && options.checkpoint === undefined)
  say('Without --checkpoint, peers that do not read GGUF compute another model.');

const known = existsSync(options.out) ? JSON.parse(readFileSync(options.out, 'utf8')) : undefined;
const sections = known?.sections ?? {};
const without = options.without?.split(',') ?? [];
const setting = {
  models: options.render ? undefined : await prepareModels(options),
  threads: Number(options.threads),
  rounds: Number(options.rounds),
  full: options.full,
  usable: (name) => !without.some((word) => name.includes(word)) && sections.agreement?.failures[name] === undefined,
};
const loadAverage = () => os.loadavg()[0].toFixed(1);

async function write() {
  const order = Object.keys(measurements).filter((name) => sections[name] !== undefined);
  const report = {
    machine: options.render ? known.machine : machine(),
    versions: options.render ? known.versions : versions(),
    sections: Object.fromEntries(order.map((name) => [name, sections[name]])),
  };
  mkdirSync(dirname(options.out), { recursive: true });
  writeFileSync(options.out, `${JSON.stringify(report, null, 2)}\n`);
  if (options.dry) return;
  const { format } = await import('prettier');
  const document = local('../docs/benchmarks.md');
  const text = replaceMeasured(readFileSync(document, 'utf8'), markdown(report));
  writeFileSync(document, await format(text, { parser: 'markdown', printWidth: 120 }));
  mkdirSync(local('../docs/benchmarks'), { recursive: true });
  for (const name of charted.filter((key) => report.sections[key] !== undefined))
    writeFileSync(local(`../docs/benchmarks/${name}.svg`), sectionChart(report.sections[name]));
}

if (options.render) await write();
for (const name of options.render ? [] : wanted) {
  say(`> ${name}`);
  const before = loadAverage();
  const measured = { ...measurements[name](setting), load: [before, loadAverage()] };
  // What is compared before has no rounds.
  const append = options.append && name !== 'agreement';
  sections[name] = append ? appendRounds(sections[name], measured) : measured;
  await write();
}
say(`Written to ${options.out}${options.dry ? '' : ' and docs/benchmarks.md'}`);
