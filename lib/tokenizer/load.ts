import { ClmbrError } from '../errors.ts';
import { describeForeignFile, sniffLength } from '../files/file-kind.ts';
import { InputFile, readWholeFile } from '../files/input-file.ts';
import { openGguf } from '../gguf/reader.ts';
import { readVocabularyTables } from '../gguf/vocabulary.ts';
import { parsePythonJson } from '../json.ts';
import { parseTokenizerConfig, vocabularyFromTables } from './vocabulary.ts';
import type { Vocabulary } from './vocabulary.ts';

/** The released file has 20 MB; a JavaScript string could not hold more than 512 MB. */
const maxJsonBytes = 400_000_000;

/**
 * Reads the vocabulary of a tokenizer_config.json or of a GGUF file; the content tells which of both it is.
 *
 * @throws ClmbrError FILE_UNREADABLE, NOT_A_MODEL, INVALID_GGUF, INVALID_VOCABULARY, NO_VOCABULARY
 */
export async function loadVocabulary(path: string): Promise<Vocabulary> {
  const file = await InputFile.open(path);
  let head: Uint8Array;
  let size: number;
  try {
    head = await file.head(sniffLength);
    size = file.size;
  } finally {
    await file.close();
  }
  if (Buffer.from(head.subarray(0, 4)).toString('latin1') === 'GGUF') return loadFromGguf(path);
  return loadFromJson(path, head, size);
}

async function loadFromGguf(path: string): Promise<Vocabulary> {
  const tables = readVocabularyTables(await openGguf(path));
  if (tables === null) {
    throw new ClmbrError(
      'NO_VOCABULARY',
      `${path} carries no CLMBR vocabulary; convert it together with its tokenizer_config.json, or load that file instead.`,
      { details: { path } },
    );
  }
  return vocabularyFromTables(tables, path);
}

async function loadFromJson(path: string, head: Uint8Array, size: number): Promise<Vocabulary> {
  const start = new TextDecoder().decode(head.subarray(0, 64));
  if (!/^\s*\{/.test(start)) {
    const foreign = describeForeignFile(head, size);
    const found = foreign?.kind ?? 'something else';
    const advice = foreign === null ? '' : `; ${foreign.advice}`;
    throw new ClmbrError(
      'NOT_A_MODEL',
      `${path} is ${found}, expected a tokenizer_config.json or a GGUF file${advice}.`,
      {
        details: { path, found, advice: foreign?.advice },
      },
    );
  }
  const bytes = await readWholeFile(path, maxJsonBytes);
  let json: unknown;
  try {
    json = parsePythonJson(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    const problem = cause instanceof SyntaxError ? cause.message : 'it is not UTF-8 text';
    throw new ClmbrError('INVALID_VOCABULARY', `${path} is not the JSON of a tokenizer: ${problem}.`, {
      cause,
      details: { path },
    });
  }
  return parseTokenizerConfig(json, path);
}
