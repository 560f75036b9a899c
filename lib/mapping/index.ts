export { CodeMapper, mappingRules } from './code-mapper.ts';
export type { CodeMapperOptions, MappingUsage } from './code-mapper.ts';
export { CodeTable, readCodeTable } from './code-table.ts';
export { readUnitRules, UnitRules } from './unit-rules.ts';
export type { UnitConversion, UnitRule } from './unit-rules.ts';
