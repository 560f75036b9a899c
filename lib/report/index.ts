export { ReportCollector } from './collector.ts';
export type { ReportOptions } from './collector.ts';
export { formatReport } from './format.ts';
export type { FormatReportOptions } from './format.ts';
export type { LengthSummary } from './lengths.ts';
export type { DataReport, UnmappedCode } from './report.ts';
export type { UnitReport, UnitSuspect, ValueReport } from './units.ts';
export { writeReport } from './write.ts';
