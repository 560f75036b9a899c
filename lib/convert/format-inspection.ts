import { invalidArgument, readable } from '../options.ts';
import { printable } from '../files/quoted.ts';
import type { ModelInspection } from './inspect.ts';

const grouped = (value: number) => value.toLocaleString('en-US');

function ropeText({ theta, type, ...settings }: ModelInspection['rope']): string {
  const list = Object.entries(settings).map(
    ([key, value]) => `${key} ${Array.isArray(value) ? `[${value.length}]` : String(value)}`,
  );
  return [`theta ${theta}`, type, ...list].join(', ');
}

function summary(model: ModelInspection): [string, string][] {
  const h = model.hyperparameters;
  return [
    ['file', model.path],
    ['size', `${grouped(model.bytes)} bytes`],
    ['sha256', model.sha256 ?? 'not computed'],
    ['format', `GGUF version ${model.format.version}, alignment ${model.format.alignment}`],
    ['name', printable(model.name ?? 'not stated')],
    ['licence', printable(model.license ?? 'not stated')],
    ['source', printable(model.source ?? 'not stated')],
    ['architecture', model.architecture],
    ['parameters', grouped(model.parameters)],
    ['weights', model.weightType],
    ['context', `${grouped(h.contextLength)} tokens`],
    ['hidden size', String(h.hiddenSize)],
    ['layers', String(h.layerCount)],
    ['heads', `${h.headCount} of ${h.headSize}, ${h.kvHeadCount} for keys and values`],
    ['feed-forward', String(h.feedForwardSize)],
    ['norm epsilon', String(Number(h.rmsNormEpsilon.toPrecision(7)))],
    ['embeddings', h.tiedEmbeddings ? 'tied' : 'untied'],
    ['rope', ropeText(model.rope)],
    [
      'vocabulary',
      model.vocabulary === null
        ? `${grouped(h.vocabularySize)} token ids, none described`
        : `${grouped(model.vocabulary.tokens)} tokens`,
    ],
    ...model.convertedFrom.map(({ name, sha256 }): [string, string] => [
      'converted from',
      printable(`${name} ${sha256}`),
    ]),
  ];
}

/** What {@link inspectModel} found, as lines of text for a terminal. */
export function formatInspection(model: ModelInspection): string {
  return readable('model', () => format(model));
}

function format(model: ModelInspection): string {
  assertInspection(model);
  const lines = summary(model).map(([label, value]) => `${label.padEnd(15)}${value}`);
  const rows = model.tensors.map(({ name, type, shape, offset, bytes }) => [
    name,
    type,
    shape.join(' x '),
    String(offset),
    String(bytes),
  ]);
  const table = [['tensor', 'type', 'shape', 'offset', 'bytes'], ...rows];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  const align = (cell: string, column: number) =>
    column < 3 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!);
  return [...lines, '', ...table.map((row) => row.map(align).join('  ').trimEnd())].join('\n');
}

function assertInspection(model: unknown): void {
  const { tensors, hyperparameters, metadata } = (model ?? {}) as Partial<ModelInspection>;
  if (!Array.isArray(tensors) || typeof hyperparameters !== 'object' || typeof metadata !== 'object')
    throw invalidArgument('model', 'what inspectModel gave', model);
}
