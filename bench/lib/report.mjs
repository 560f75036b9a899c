// Results as Markdown and charts.
import { barChart, shortNumber } from './svg.mjs';
import { median, ratios, summary } from './statistics.mjs';

const line = (cells) => `| ${cells.join(' | ')} |`;
const factor = (value) => (value >= 10 ? value.toFixed(0) : value.toFixed(2));
const spread = ({ least, most, runs }) => (runs > 1 ? ` (${factor(least)} to ${factor(most)})` : '');

export const namesOf = ({ rows }) => [...new Set(Object.values(rows).flatMap((row) => Object.keys(row)))];
const baselineOf = (section, name) => section.baselines?.[name] ?? 'clmbr';

/** A contender's median and the ratio to its baseline, with what the rounds gave at least and at most. */
export function cell(section, row, name) {
  const values = row[name];
  if (values === undefined) return '';
  const baseline = row[baselineOf(section, name)];
  const own = summary(values);
  if (baseline === undefined || baseline === values) {
    return `${shortNumber(own.median)}${own.runs > 1 ? ` (${shortNumber(own.least)} to ${shortNumber(own.most)})` : ''}`;
  }
  const ratio = section.peerOverOurs ? ratios(values, baseline) : ratios(baseline, values);
  return `${shortNumber(own.median)}: ${factor(ratio.median)}x${spread(ratio)}`;
}

export function sectionTable(section) {
  const labels = Object.keys(section.rows);
  return [
    line(['', ...labels]),
    line(['---', ...labels.map(() => '---:')]),
    ...namesOf(section).map((name) => line([name, ...labels.map((label) => cell(section, section.rows[label], name))])),
  ].join('\n');
}

export function sectionChart(section) {
  const groups = Object.entries(section.rows).map(([label, row]) => ({
    label: /^\d+$/.test(label) ? `${Number(label).toLocaleString('en-US')} tokens` : label,
    bars: Object.entries(row).map(([name, values]) => {
      const { median: value, least, most } = summary(values);
      return { name, value, least, most };
    }),
  }));
  return barChart({ title: section.title, unit: section.unit, groups });
}

const percent = (share) => `${(100 * share).toFixed(0)} %`;

/** What one event of one future reads at least, in GB: all F32 weights but the embedding, and keys and values of 4,032 events. */
export const bytesOfOneEvent = () => {
  const [hidden, keyValue, feedForward, layers, vocabulary] = [768, 256, 2688, 8, 39_818];
  const layer = 2 * hidden * hidden + 2 * keyValue * hidden + 3 * hidden * feedForward;
  return (4 * (layers * layer + vocabulary * hidden) + 4 * layers * 2 * keyValue * 4032) / 1e9;
};

function kernelLines(kernels, futures) {
  const lines = Object.entries(kernels.extra.peaks).map(([set, peaks]) => {
    const shares = Object.entries(kernels.rows).map(
      ([label, row]) => `${percent(median(row[`clmbr, ${set}`]) / median(peaks))} at ${label}`,
    );
    return `- ${set}: the cores' peak is ${shortNumber(median(peaks))} GFLOP/s of fused multiply-adds; our products reach ${shares.join(', ')}.`;
  });
  const read = median(kernels.extra.readGigabytes);
  const one = kernels.title.includes('one thread') ? undefined : futures?.rows['1 future']?.clmbr;
  const share =
    one === undefined
      ? ''
      : `; one future reads ${shortNumber(median(one) * bytesOfOneEvent())} GB/s, ${percent((median(one) * bytesOfOneEvent()) / read)} of it`;
  return [...lines, `- Reading memory: ${shortNumber(read)} GB/s${share}.`];
}

function agreementLines(section) {
  if (section === undefined) return [];
  const rows = Object.entries(section.rows).map(([name, { leastCosine, mostDifference }]) =>
    line([name, leastCosine.toFixed(7), mostDifference.toExponential(1)]),
  );
  return [
    '### Same results',
    '',
    `Before anything is timed, everybody computes sequences of ${section.lengths.join(', ')} tokens. Against clmbr in F32 (hidden states, or logits where a contender gives only those): the least cosine, and the largest difference over the row's largest value.`,
    '',
    line(['', 'cosine', 'difference']),
    line(['---', '---:', '---:']),
    ...rows,
    '',
  ];
}

export const charted = [
  ...['kernels', 'kernelsOneThread', 'single', 'singleOneThread', 'cohort', 'cohortOneThread', 'futures'],
];

/** The generated part of docs/benchmarks.md. */
export function markdown({ machine, versions, sections }) {
  const parts = [
    `Measured on ${machine.processor} (${machine.cores} cores, ${machine.instructions}), ${machine.memoryGiB} GiB, ${machine.system}, Node ${machine.node}; ${Object.entries(
      versions,
    )
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}.`,
    '',
    ...agreementLines(sections.agreement),
  ];
  for (const [name, section] of Object.entries(sections)) {
    if (name === 'agreement' || Object.keys(section.rows).length === 0) continue;
    const rounds = Math.max(...Object.values(section.rows).flatMap((row) => Object.values(row).map((v) => v.length)));
    const load = section.load === undefined ? '' : ` Load average ${section.load.join(' to ')}.`;
    parts.push(
      `### ${section.title}`,
      '',
      `${section.note} ${rounds === 1 ? 'One round.' : `Medians of ${rounds} rounds.`}${load}`,
      '',
      sectionTable(section),
      '',
    );
    if (charted.includes(name)) parts.push(`![${section.title}](benchmarks/${name}.svg)`, '');
    if (section.extra !== undefined) parts.push(...kernelLines(section, sections.futures), '');
    for (const [contender, reason] of Object.entries(section.failures ?? {}))
      parts.push(`${contender} was not measured: ${reason}`, '');
  }
  return parts.join('\n');
}

const begin = '<!-- measured: begin -->';
const end = '<!-- measured: end -->';

/** `text` with what lies between the two marks replaced. */
export function replaceMeasured(text, measured) {
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`Expected '${begin}' and '${end}' in the document.`);
  return `${text.slice(0, from + begin.length)}\n\n${measured}\n${text.slice(to)}`;
}
