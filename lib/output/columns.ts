import { byteOrder, notATime, packTexts } from './npy.ts';
import type { LabelName, LabelValue, OutputRow, PlacedRows } from './rows.ts';
import type { RowSummary } from './summary.ts';

/** A column of NumPy's: one array. */
export interface Column {
  name: string;
  /** NumPy's name of the type. */
  descr: string;
  itemBytes: number;
  pack: (batch: PlacedRows) => ArrayBufferView;
}

/** Marks labels without a value, as in NumPy's masked arrays. */
export const missingName = 'label_missing';

/** All columns beside the vectors. */
export function columnsOf(summary: RowSummary, label: LabelName | undefined, hasRowNumbers: boolean): Column[] {
  const columns = [patientColumn(summary), ...plainColumns];
  if (label !== undefined) columns.push(labelColumn(label, summary));
  if (label !== undefined && summary.missingLabels > 0) columns.push(missingColumn);
  if (hasRowNumbers) columns.push(rowColumn);
  return columns;
}

function patientColumn({ integerIds, idWidth }: RowSummary): Column {
  if (integerIds)
    return ofRows('patient', `${byteOrder}i8`, 8, (rows) => BigInt64Array.from(rows, ({ patient }) => BigInt(patient)));
  return ofRows('patient', `${byteOrder}U${idWidth}`, 4 * idWidth, (rows) =>
    packTexts(
      rows.map(({ patient }) => String(patient)),
      idWidth,
    ),
  );
}

const plainColumns: readonly Column[] = [
  ofRows('time', `${byteOrder}M8[us]`, 8, (rows) => BigInt64Array.from(rows, ({ time }) => time ?? notATime)),
  ofRows('tokens', `${byteOrder}i4`, 4, (rows) => Int32Array.from(rows, ({ tokens }) => tokens)),
  ofRows('truncated', '|b1', 1, (rows) => Uint8Array.from(rows, ({ truncated }) => Number(truncated))),
  ofRows('dropped', `${byteOrder}i4`, 4, (rows) => Int32Array.from(rows, ({ dropped }) => dropped)),
];

const missingColumn = ofRows(missingName, '|b1', 1, (rows) =>
  Uint8Array.from(labelsOf(rows), (x) => Number(x === null)),
);

const rowColumn: Column = {
  name: 'row',
  descr: `${byteOrder}i8`,
  itemBytes: 8,
  pack: ({ positions }) => BigInt64Array.from(positions, BigInt),
};

function labelColumn(name: LabelName, { labelWidth }: RowSummary): Column {
  switch (name) {
    case 'boolean_value':
      return ofRows(name, '|b1', 1, (rows) => Uint8Array.from(labelsOf(rows), (x) => Number(x ?? false)));
    case 'integer_value':
      return ofRows(name, `${byteOrder}i8`, 8, (rows) => BigInt64Array.from(labelsOf(rows), (x) => BigInt(x ?? 0)));
    case 'float_value':
      return ofRows(name, `${byteOrder}f8`, 8, (rows) => Float64Array.from(labelsOf(rows), (x) => Number(x ?? NaN)));
    case 'categorical_value':
      return ofRows(name, `${byteOrder}U${labelWidth}`, 4 * labelWidth, (rows) =>
        packTexts(
          labelsOf(rows).map((x) => String(x ?? '')),
          labelWidth,
        ),
      );
  }
}

function labelsOf(rows: readonly OutputRow[]): LabelValue[] {
  return rows.map(({ label }) => label ?? null);
}

function ofRows(
  name: string,
  descr: string,
  itemBytes: number,
  pack: (rows: readonly OutputRow[]) => ArrayBufferView,
): Column {
  return { name, descr, itemBytes, pack: ({ rows }) => pack(rows) };
}
