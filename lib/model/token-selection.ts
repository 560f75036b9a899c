import { ClmbrError } from '../errors.ts';
import { describeType, invalidArgument, isArray, isInt32Array, readable } from '../options.ts';
import type { ClmbrTokenizer } from '../tokenizer/index.ts';
import { specialTokens } from '../tokenizer/index.ts';

/**
 * Some tokens of the vocabulary: a code stands for all its tokens (bare, value ranges, categories), a number for the token with that id,
 * and `[EOS]` and the like for a special token. One of them, or a list.
 */
export type TokenSelection = string | number | readonly (string | number)[] | Int32Array;

export interface SelectionContext {
  tokenizer: ClmbrTokenizer | null;
  vocabularySize: number;
  contextLength: number;
}

/**
 * The ids that a selection stands for, ascending, each once; none for an empty list.
 *
 * @throws ClmbrError INVALID_ARGUMENT, which names the nearest known codes for one that is not known; NO_VOCABULARY
 */
export function selectTokens(selection: unknown, parameter: string, context: SelectionContext): Int32Array {
  const isOne = typeof selection === 'string' || typeof selection === 'number';
  if (!isOne && !isArray(selection) && !isInt32Array(selection))
    throw invalidArgument(parameter, 'codes or token ids', selection);
  const entries: unknown[] = isOne
    ? [selection]
    : readable(parameter, () => Array.from(selection as ArrayLike<unknown>));
  const ids = new Set<number>();
  for (const [i, entry] of entries.entries()) {
    const where = isOne ? parameter : `${parameter}[${i}]`;
    if (typeof entry === 'string') for (const id of idsOfCode(entry, where, context)) ids.add(id);
    else ids.add(checkId(entry, where, context.vocabularySize));
  }
  return Int32Array.from(ids).sort();
}

function checkId(id: unknown, where: string, vocabularySize: number): number {
  if (typeof id === 'number' && Number.isInteger(id) && id >= 0 && id < vocabularySize) return id;
  throw invalidArgument(where, `a code or a token id from 0 to ${vocabularySize - 1}`, id);
}

function idsOfCode(code: string, where: string, { tokenizer }: SelectionContext): readonly number[] {
  if (tokenizer === null) {
    throw new ClmbrError(
      'NO_VOCABULARY',
      `${where}: the model carries no vocabulary, expected token ids, or load it with the option \`tokenizer\`.`,
    );
  }
  const special = (specialTokens as readonly string[]).indexOf(code);
  if (special >= 0) return [special];
  const ids = tokenizer.idsOf(code);
  if (ids.length > 0) return ids;
  const nearest = tokenizer.suggest(code);
  const advice = nearest.length === 0 ? 'look for it with `tokenizer.search`' : `the nearest are ${quoted(nearest)}`;
  throw new ClmbrError(
    'INVALID_ARGUMENT',
    `${where}: expected a code of the vocabulary, found ${code === '' ? describeType(code) : quoted([code])}, which has no token; ${advice}.`,
    { details: { parameter: where, code, nearest } },
  );
}

function quoted(codes: readonly string[]): string {
  return codes.map((code) => `'${code.slice(0, 80).replace(/\s+/g, ' ')}'`).join(', ');
}
