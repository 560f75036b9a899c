import { quoted } from '../files/quoted.ts';
import { ClmbrError } from '../errors.ts';
import type { GgufFile, VocabularyColumn, VocabularyTables } from './types.ts';
import type { GgufEntry } from './writer.ts';

/** Columns of the vocabulary are metadata whose keys begin so. */
export const vocabularyPrefix = 'clmbr.vocabulary.';

function isColumn(value: unknown): value is VocabularyColumn {
  return (
    typeof value === 'string' ||
    typeof value === 'number' ||
    value instanceof Uint8Array ||
    value instanceof Int32Array ||
    value instanceof Uint32Array ||
    value instanceof Float64Array
  );
}

/** The vocabulary that travels in a GGUF file, or null when there is none. Its meaning is checked by the tokenizer. */
export function readVocabularyTables(file: GgufFile): VocabularyTables | null {
  const columns: [string, VocabularyColumn][] = [];
  for (const [key, value] of file.metadata) {
    if (!key.startsWith(vocabularyPrefix)) continue;
    if (!isColumn(value)) {
      throw new ClmbrError(
        'INVALID_VOCABULARY',
        `${file.path}: key ${quoted(key)} is ${file.metadataTypes.get(key)}, expected text, a number or an array of UINT8, INT32, UINT32 or FLOAT64.`,
        { details: { path: file.path, key } },
      );
    }
    columns.push([key.slice(vocabularyPrefix.length), value]);
  }
  // Without a prototype, so that a column called "__proto__" is a column.
  return columns.length === 0
    ? null
    : Object.assign(Object.create(null) as VocabularyTables, Object.fromEntries(columns));
}

function columnEntry(key: string, value: VocabularyColumn): GgufEntry {
  if (typeof value === 'string') return { key, type: 'STRING', value };
  if (typeof value === 'number') return { key, type: 'FLOAT64', value };
  return { key, type: 'ARRAY', value };
}

/** Metadata entries for the columns of a vocabulary, in the order of their names. */
export function vocabularyMetadata(tables: VocabularyTables): GgufEntry[] {
  return Object.keys(tables)
    .sort()
    .map((name) => columnEntry(vocabularyPrefix + name, tables[name]!));
}
