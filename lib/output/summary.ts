import type { OutputRows } from './rows.ts';

/** What must be known of all rows before the first of them can be written: columns have one type and one width. JSON can hold it. */
export interface RowSummary {
  rows: number;
  /** Of a vector; null where there is none yet. */
  dimensions: number | null;
  /** Whether every patient's identifier is a whole number of 64 bits. */
  integerIds: boolean;
  /** Characters of the longest identifier, at least 1. */
  idWidth: number;
  /** Labels without a value. */
  missingLabels: number;
  /** Characters of the longest label that is a text, at least 1. */
  labelWidth: number;
}

export function emptySummary(): RowSummary {
  return { rows: 0, dimensions: null, integerIds: true, idWidth: 1, missingLabels: 0, labelWidth: 1 };
}

export function addRows(summary: RowSummary, { rows, dimensions }: OutputRows): void {
  if (rows.length === 0) return;
  summary.rows += rows.length;
  summary.dimensions = dimensions;
  for (const { patient, label } of rows) {
    summary.integerIds &&= isInt64(patient);
    summary.idWidth = Math.max(summary.idWidth, codePoints(String(patient)));
    if (label === null || label === undefined) summary.missingLabels++;
    else if (typeof label === 'string') summary.labelWidth = Math.max(summary.labelWidth, codePoints(label));
  }
}

export function joinSummaries(a: RowSummary, b: RowSummary): RowSummary {
  return {
    rows: a.rows + b.rows,
    dimensions: a.dimensions ?? b.dimensions,
    integerIds: a.integerIds && b.integerIds,
    idWidth: Math.max(a.idWidth, b.idWidth),
    missingLabels: a.missingLabels + b.missingLabels,
    labelWidth: Math.max(a.labelWidth, b.labelWidth),
  };
}

const int64 = { least: -(2n ** 63n), most: 2n ** 63n - 1n };

function isInt64(id: string | number | bigint): boolean {
  if (typeof id === 'bigint') return id >= int64.least && id <= int64.most;
  return Number.isSafeInteger(id);
}

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
