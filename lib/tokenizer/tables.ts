import { ClmbrError } from '../errors.ts';
import { typeName } from './type-name.ts';
import { firstEntryId } from './special-tokens.ts';
import { StringTable } from './string-table.ts';
import { Vocabulary, kindCategory, kindCode, kindRange } from './vocabulary-store.ts';
import type { VocabularyColumns } from './vocabulary-store.ts';

/** One column of a vocabulary in the form that a GGUF file can hold. */
export type VocabularyColumn = string | number | Uint8Array | Int32Array | Uint32Array | Float64Array;

/** A vocabulary as named columns. A column of length 0 is left out. */
export type VocabularyTables = Record<string, VocabularyColumn>;

const format = 1;
/** Most text that tokens may be made of in all, so that a small hostile file cannot ask for terabytes. */
const maxTokenText = 2 ** 28;

const stringTables = ['codes', 'units', 'categories', 'descriptions'] as const;
const columnTypes = {
  'entry.code': Uint32Array,
  'entry.kind': Uint8Array,
  'entry.description': Uint32Array,
  'range.start': Float64Array,
  'range.end': Float64Array,
  'range.unit': Uint32Array,
  'category.first': Uint32Array,
  'category.item': Uint32Array,
  'duplicate.entry': Uint32Array,
  'duplicate.winner': Uint32Array,
} as const;

/** The vocabulary as tables for a GGUF. `vocabularyFromTables` gives it back without loss. */
export function vocabularyToTables(vocabulary: Vocabulary): VocabularyTables {
  const { columns } = vocabulary;
  const tables: VocabularyTables = { format };
  const add = (name: string, column: Uint8Array | Uint32Array | Float64Array): void => {
    if (column.length > 0) tables[name] = column;
  };
  for (const name of stringTables) {
    if (columns[name].length === 0) continue;
    const { bytes, offsets } = columns[name].toBytes();
    add(`${name}.text`, bytes);
    add(`${name}.offsets`, offsets);
  }
  add('entry.code', columns.entryCode);
  add('entry.kind', columns.entryKind);
  add('entry.description', columns.entryDescription);
  add('range.start', columns.rangeStart);
  add('range.end', columns.rangeEnd);
  add('range.unit', columns.rangeUnit);
  if (columns.categoryItem.length > 0) add('category.first', columns.categoryFirst);
  add('category.item', columns.categoryItem);
  add('duplicate.entry', columns.duplicateEntry);
  add('duplicate.winner', columns.duplicateWinner);
  return tables;
}

/**
 * Makes a vocabulary of tables that come from a file, so nothing about them is trusted: every type, length, offset, index and text
 * is checked. The tables are kept, not copied.
 *
 * @param source the file's name, for messages
 * @throws ClmbrError INVALID_VOCABULARY
 */
export function vocabularyFromTables(tables: VocabularyTables, source: string): Vocabulary {
  const refuse: Refuse = (name, problem) => {
    throw new ClmbrError('INVALID_VOCABULARY', `${source}: vocabulary table "${name}" has ${problem}.`, {
      details: { source, table: name },
    });
  };
  const version = Object.hasOwn(tables, 'format') ? tables['format'] : undefined;
  if (version !== format) {
    const found = typeof version === 'number' ? `version ${version}` : typeName(version);
    refuse('format', `${found} where version ${format} was expected`);
  }
  const columns = readColumns(tables, refuse);
  checkEntries(columns, refuse);
  checkRanges(columns, refuse);
  checkCategories(columns, refuse);
  checkDistinct(columns.codes, 'codes', refuse);
  checkDistinct(columns.categories, 'categories', refuse);
  const vocabulary = new Vocabulary(columns, source);
  checkDuplicates(vocabulary, refuse);
  return vocabulary;
}

type Refuse = (table: string, problem: string) => never;

function readColumns(tables: VocabularyTables, refuse: Refuse): VocabularyColumns {
  const read = <T extends Uint8Array | Uint32Array | Float64Array>(
    name: string,
    type: { new (length: number): T; readonly name: string },
  ): T => {
    const column = Object.hasOwn(tables, name) ? tables[name] : new type(0);
    if (column instanceof type) return column;
    const found = ArrayBuffer.isView(column) ? column.constructor.name : typeName(column);
    return refuse(name, `the type ${found} where ${type.name} was expected`);
  };
  const readStrings = (name: string): StringTable => {
    const offsets = read(`${name}.offsets`, Uint32Array);
    const bytes = read(`${name}.text`, Uint8Array);
    const table = StringTable.fromBytes(bytes, offsets.length > 0 ? offsets : new Uint32Array(1));
    return typeof table === 'string' ? refuse(name, table) : table;
  };
  const categoryFirst = read('category.first', columnTypes['category.first']);
  return {
    codes: readStrings('codes'),
    units: readStrings('units'),
    categories: readStrings('categories'),
    descriptions: readStrings('descriptions'),
    entryCode: read('entry.code', columnTypes['entry.code']),
    entryKind: read('entry.kind', columnTypes['entry.kind']),
    entryDescription: read('entry.description', columnTypes['entry.description']),
    rangeStart: read('range.start', columnTypes['range.start']),
    rangeEnd: read('range.end', columnTypes['range.end']),
    rangeUnit: read('range.unit', columnTypes['range.unit']),
    categoryFirst: categoryFirst.length > 0 ? categoryFirst : new Uint32Array(1),
    categoryItem: read('category.item', columnTypes['category.item']),
    duplicateEntry: read('duplicate.entry', columnTypes['duplicate.entry']),
    duplicateWinner: read('duplicate.winner', columnTypes['duplicate.winner']),
  };
}

function checkLength(name: string, column: { length: number }, expected: number, refuse: Refuse): void {
  if (column.length !== expected) refuse(name, `${column.length} elements where ${expected} were expected`);
}

function checkBelow(name: string, column: Uint32Array, bound: number, refuse: Refuse): void {
  for (let i = 0; i < column.length; i++) {
    if (column[i]! >= bound) refuse(name, `an index of ${column[i]} at element ${i}, beyond ${bound}`);
  }
}

function checkEntries(columns: VocabularyColumns, refuse: Refuse): void {
  const { entryKind, codes } = columns;
  if (entryKind.length === 0) refuse('entry.kind', 'no entries');
  if (entryKind.length > 2 ** 31 - 1 - firstEntryId) refuse('entry.kind', 'more entries than there are token ids');
  checkLength('entry.code', columns.entryCode, entryKind.length, refuse);
  checkLength('entry.description', columns.entryDescription, entryKind.length, refuse);
  checkBelow('entry.code', columns.entryCode, codes.length, refuse);
  checkBelow('entry.description', columns.entryDescription, columns.descriptions.length + 1, refuse);
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < entryKind.length; i++) {
    const kind = entryKind[i]!;
    if (kind !== kindCode && kind !== kindRange && kind !== kindCategory) {
      refuse('entry.kind', `an unknown kind ${kind} at element ${i}`);
    }
    counts[kind]!++;
  }
  for (const [name, column] of [
    ['range.start', columns.rangeStart],
    ['range.end', columns.rangeEnd],
    ['range.unit', columns.rangeUnit],
  ] as const) {
    checkLength(name, column, counts[kindRange]!, refuse);
  }
  checkLength('category.first', columns.categoryFirst, counts[kindCategory]! + 1, refuse);
  const used = new Uint8Array(codes.length);
  for (const code of columns.entryCode) used[code] = 1;
  const unused = used.indexOf(0);
  if (unused >= 0) refuse('codes', `a code without an entry at index ${unused}`);
  for (let i = 0; i < codes.length; i++) if (codes.lengthAt(i) === 0) refuse('codes', `an empty code at index ${i}`);
}

function checkRanges(columns: VocabularyColumns, refuse: Refuse): void {
  checkBelow('range.unit', columns.rangeUnit, columns.units.length, refuse);
  for (let i = 0; i < columns.rangeStart.length; i++) {
    // Written so that NaN fails.
    if (!(columns.rangeStart[i]! <= columns.rangeEnd[i]!))
      refuse('range.start', `no number up to its range.end at element ${i}`);
  }
}

function checkCategories(columns: VocabularyColumns, refuse: Refuse): void {
  const { categoryFirst, categoryItem, categories } = columns;
  if (categoryFirst[0] !== 0) refuse('category.first', 'a first element other than 0');
  for (let i = 1; i < categoryFirst.length; i++) {
    if (categoryFirst[i]! <= categoryFirst[i - 1]!) refuse('category.first', `an element that does not ascend at ${i}`);
  }
  checkLength('category.item', categoryItem, categoryFirst.at(-1)!, refuse);
  checkBelow('category.item', categoryItem, categories.length, refuse);
  let length = 0;
  for (const item of categoryItem) length += 1 + categories.lengthAt(item);
  if (length > maxTokenText) refuse('category.item', `more than ${maxTokenText} characters of token text`);
}

function checkDistinct(table: StringTable, name: string, refuse: Refuse): void {
  if (new Set(table.all()).size !== table.length) refuse(name, 'the same text twice');
}

function checkDuplicates(vocabulary: Vocabulary, refuse: Refuse): void {
  const { duplicateEntry, duplicateWinner, entryKind } = vocabulary.columns;
  checkLength('duplicate.winner', duplicateWinner, duplicateEntry.length, refuse);
  checkBelow('duplicate.winner', duplicateWinner, entryKind.length, refuse);
  const winners = new Map<number, string>();
  let length = 0;
  for (let i = 0; i < duplicateEntry.length; i++) {
    const entry = duplicateEntry[i]!;
    const winner = duplicateWinner[i]!;
    if (entry >= winner) refuse('duplicate.winner', `an entry that does not come later, at element ${i}`);
    if (i > 0 && entry <= duplicateEntry[i - 1]!) refuse('duplicate.entry', `an element that does not ascend at ${i}`);
    const text = winners.get(winner) ?? vocabulary.token(winner + firstEntryId);
    winners.set(winner, text);
    length += text.length;
    if (length > maxTokenText) refuse('duplicate.entry', `more than ${maxTokenText} characters of token text`);
    if (vocabulary.token(entry + firstEntryId) !== text)
      refuse('duplicate.entry', `an entry of another text at element ${i}`);
  }
  for (const entry of duplicateEntry) {
    if (winners.has(entry)) refuse('duplicate.winner', `an entry that is a duplicate itself (${entry})`);
  }
}
