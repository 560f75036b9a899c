import type { Dataset } from '../data/dataset.ts';
import { checkBoolean, checkMethods, checkOptions, checkString, optional } from '../options.ts';
import { CodeMapper, readCodeTable, readUnitRules } from '../mapping/index.ts';
import type { ClmbrTokenizer } from '../tokenizer/index.ts';

export interface MapperFiles {
  /** CSV file with the columns `from` and `to`. */
  map?: string | undefined;
  /** CSV file with the columns `code`, `unit`, `factor` and `offset`. */
  convertUnits?: string | undefined;
  /** Do not try another letter case of codes. Default false. */
  exactCase?: boolean | undefined;
}

/**
 * A mapper from the codes of a data set to those of a vocabulary, with a user's tables.
 *
 * @throws ClmbrError `INVALID_INPUT` that names file and line; `FILE_UNREADABLE`
 */
export async function openMapper(
  tokenizer: ClmbrTokenizer,
  dataset: Dataset,
  files: MapperFiles = {},
): Promise<CodeMapper> {
  const options = checkOptions<MapperFiles>(files, 'options', ['map', 'convertUnits', 'exactCase']);
  const map = optional(options.map, undefined, (value) => checkString(value, 'map'));
  const convertUnits = optional(options.convertUnits, undefined, (value) => checkString(value, 'convertUnits'));
  const exactCase = optional(options.exactCase, false, (value) => checkBoolean(value, 'exactCase'));
  checkMethods(dataset, 'dataset', 'a data set', 'patients');
  const table = map === undefined ? undefined : await readCodeTable(map);
  const units = convertUnits === undefined ? undefined : await readUnitRules(convertUnits);
  const candidates = dataset.candidates === undefined ? undefined : (code: string) => dataset.candidates!(code);
  return new CodeMapper(tokenizer, { candidates, table, units, exactCase });
}
