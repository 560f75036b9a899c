export { withLabels } from './join.ts';
export type { Labelled, LabelCounts, LabelledPatient, WithLabelsOptions } from './join.ts';
export { readLabels } from './read.ts';
export type { ReadLabelsOptions } from './read.ts';
export { labelRules, labelTimes, withLabelRule } from './rules.ts';
export type { LabelRule } from './rules.ts';
export { LabelTable } from './table.ts';
export type { LabelColumn, LabelColumnName } from './table.ts';
