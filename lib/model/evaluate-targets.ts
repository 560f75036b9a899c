import { ClmbrError } from '../errors.ts';
import { checkArray, invalidArgument, isArray, readable } from '../options.ts';
import { selectTokens } from './token-selection.ts';
import type { SelectionContext, TokenSelection } from './token-selection.ts';

/** Sets of tokens in order, or by name. */
export type Targets = readonly TokenSelection[] | Readonly<Record<string, TokenSelection>>;

/** The probability that the next event is one of a set. */
export interface TargetProbability {
  /** As it was asked for, or its name. */
  target: TokenSelection;
  /** Tokens of the set. */
  tokenCount: number;
  /** From 0 to 1. */
  probability: number;
  /** Natural logarithm of `probability`. */
  logProb: number;
}

export interface CheckedTarget {
  target: TokenSelection;
  /** Ascending, each once; at least one. */
  ids: Int32Array;
}

/** @throws ClmbrError INVALID_ARGUMENT, which for an unknown code names the nearest known ones; NO_VOCABULARY */
export function checkTargets(targets: unknown, context: SelectionContext): CheckedTarget[] {
  if (typeof targets !== 'object' || targets === null)
    throw invalidArgument('targets', 'an array of codes or token ids, or an object of such', targets);
  const list: CheckedTarget[] = isArray(targets)
    ? checkArray(targets, 'targets', 'codes or token ids').map((target: unknown, i) => ({
        target: target as TokenSelection,
        ids: checkTarget(target, `targets[${i}]`, context),
      }))
    : readable('targets', () => Object.entries(targets)).map(([name, target]) => ({
        target: name,
        ids: checkTarget(target, `targets[${JSON.stringify(name)}]`, context),
      }));
  if (list.length === 0) throw new ClmbrError('INVALID_ARGUMENT', 'targets: expected at least one target, found none.');
  return list;
}

function checkTarget(target: unknown, where: string, context: SelectionContext): Int32Array {
  const ids = selectTokens(target, where, context);
  if (ids.length > 0) return ids;
  throw new ClmbrError('INVALID_ARGUMENT', `${where}: expected at least one code or token id, found none.`);
}
