import type { LabelName, LabelValue, OutputRow, OutputRows } from './rows.ts';
import { float32Text, timeText } from './text.ts';

const pieceLength = 256 * 1024;

/**
 * Rows as lines: `{"row", "patient", "time", "tokens", "truncated", "dropped", LABEL, "representation": [numbers]}`, in pieces of some length.
 *
 * @param positions each row's number; without them `row` is left out
 * @param label name of the label's column; without it there is none
 */
export function* jsonLines(
  { data, dimensions, rows }: OutputRows,
  positions: readonly number[] | undefined,
  label: LabelName | undefined,
): Generator<string, void, undefined> {
  let text = '';
  for (const [i, row] of rows.entries()) {
    const vector = data.subarray(i * dimensions, (i + 1) * dimensions);
    text += `{${positions === undefined ? '' : `"row":${positions[i]},`}${rowText(row, label, vector)}}\n`;
    if (text.length < pieceLength && i < rows.length - 1) continue;
    yield text;
    text = '';
  }
}

function rowText(row: OutputRow, label: LabelName | undefined, vector: Float32Array): string {
  const { patient, time, tokens, truncated, dropped } = row;
  const id = typeof patient === 'string' ? JSON.stringify(patient) : String(patient);
  const when = time === null ? 'null' : `"${timeText(time)}"`;
  const value = label === undefined ? '' : `"${label}":${labelText(row.label ?? null)},`;
  const numbers = Array.from(vector, float32Text).join(',');
  return `"patient":${id},"time":${when},"tokens":${tokens},"truncated":${truncated},"dropped":${dropped},${value}"representation":[${numbers}]`;
}

/** Numbers that JSON has none for are null. */
function labelText(value: LabelValue): string {
  if (typeof value === 'bigint') return String(value);
  return Object.is(value, -0) ? '-0' : JSON.stringify(value);
}
