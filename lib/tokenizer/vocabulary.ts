export { Vocabulary } from './vocabulary-store.ts';
export type { EntryKind, VocabularyEntry } from './vocabulary-store.ts';
export { parseTokenizerConfig } from './parse-config.ts';
export { vocabularyFromTables, vocabularyToTables } from './tables.ts';
export type { VocabularyColumn, VocabularyTables } from './tables.ts';
