// Where the time of one sequence goes, operator by operator.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { alternate } from './alternate.mjs';
import { runJson } from './contenders.mjs';

const build = fileURLToPath(new URL('../../scripts/bench-native.mjs', import.meta.url));

/** Milliseconds of each operator over all layers, and how near its multiply-adds come to what the cores can do. */
export function operatorsSection({ threads, rounds }) {
  const program = execFileSync(process.execPath, [build], { encoding: 'utf8' }).trim().split('\n').at(-1);
  const lengths = [17, 64, 512, 2048, 4096];
  const { peaks } = runJson(program, [threads, '1', '1x1', 'scalar']);
  const [set, peak] = Object.entries(peaks).at(-1);
  const rows = {};
  const { failures } = alternate([set], rounds, () => {
    const found = runJson(program, [threads, lengths.join(','), 'operators', set]);
    for (const length of lengths)
      for (const [name, { seconds, operations }] of Object.entries(found[length])) {
        add(rows, `${length}: ms`, name, 1000 * seconds);
        if (operations > 0) add(rows, `${length}: % of peak`, name, (100 * operations) / seconds / 1e9 / peak);
      }
    return {};
  });
  return {
    title: `Where the time of one sequence goes, ${threads === 1 ? 'one thread' : `${threads} threads`}`,
    unit: '',
    note:
      `F32, ${set}, pooling \`last\`, all layers together, in the fastest of several passes; beside it, the operator's multiply-adds in ` +
      `per cent of what the cores can do (${Math.round(peak)} GFLOP/s).`,
    rows,
    failures,
  };
}

function add(rows, label, name, value) {
  rows[label] ??= {};
  (rows[label][name] ??= []).push(value);
}
