export { JsonlWriter } from './jsonl.ts';
export { NpzWriter } from './npz.ts';
export type { NpzOptions } from './npz.ts';
export type { OutputRow, OutputRows, RowWriter, WrittenFile } from './rows.ts';
export { timeText } from './text.ts';
