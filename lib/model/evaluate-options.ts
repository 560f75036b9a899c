import { ClmbrError } from '../errors.ts';
import { checkBoolean, checkInteger, checkOptions, invalidArgument, optional } from '../options.ts';
import type { CheckedTarget, Targets } from './evaluate-targets.ts';
import { checkTargets } from './evaluate-targets.ts';
import type { CheckedPatientOptions, PatientOptions } from './options.ts';
import { checkPatientOptions, patientOptions } from './options.ts';
import type { Session } from './session.ts';

/**
 * What is asked about each patient. `topK` and `targets` are about the event after the last one (at each label time); `surprisal` and
 * `perplexity` about every event of the timeline, whatever `at` and `overflow` say.
 */
export interface EvaluateOptions extends PatientOptions {
  /** How many next events are listed. Default 10; 0 where only `surprisal` or `perplexity` is asked for. */
  topK?: number;
  /**
   * Codes or token ids, or lists of them as one set each, whose probability to be the next event is given. A code stands for all its
   * tokens: its value ranges and categories are added up. With names: `{ diabetes: ['SNOMED/44054006', 'ICD10CM/E11'] }`.
   */
  targets?: Targets;
  /** Give for every event of the timeline its log-probability given what came before, its rank, and the most probable event. */
  surprisal?: boolean;
  /**
   * Give the perplexity of each patient and over all, as the reference means it: no special tokens, timelines of any length, those of less
   * than two tokens skipped, every token but the first scored once.
   */
  perplexity?: boolean;
  /** With `perplexity`: give the log-probability of every token too. */
  logProbs?: boolean;
  /**
   * Timelines longer than the context are scored by windows that begin so many tokens apart, each scoring what none before it did: the
   * smaller, the more history a token has (at least contextLength - stride tokens) and the longer it takes. From 1 to contextLength - 1;
   * default half the context. The reference's default is 32: a timeline of 10,000 tokens and a context of 4,096 then cost 185 full windows
   * after the first, with the default here 3. Only numbers made with the same stride can be compared.
   */
  stride?: number;
}

export interface CheckedEvaluateOptions extends CheckedPatientOptions {
  topK: number;
  targets: readonly CheckedTarget[];
  surprisal: boolean;
  perplexity: boolean;
  logProbs: boolean;
  stride: number;
}

const evaluateOptions = ['topK', 'targets', 'surprisal', 'perplexity', 'logProbs', 'stride'] as const;

/** @throws ClmbrError INVALID_ARGUMENT, NO_VOCABULARY */
export function checkEvaluateOptions(
  given: EvaluateOptions | undefined,
  { model, tokenizer }: Session,
): CheckedEvaluateOptions {
  const options = checkOptions<EvaluateOptions>(given, 'options', [...patientOptions, ...evaluateOptions]);
  const { vocabularySize, contextLength } = model.hyperparameters;
  const patient = checkPatientOptions(options);
  if (patient.overflow === 'mean')
    throw invalidArgument('overflow', "'last', 'first' or 'error' for next events", 'mean');
  const flag = (name: 'surprisal' | 'perplexity' | 'logProbs'): boolean =>
    optional(options[name], false, (v) => checkBoolean(v, name));
  const [surprisal, perplexity, logProbs] = [flag('surprisal'), flag('perplexity'), flag('logProbs')];
  const scores = surprisal || perplexity;
  if (scores && contextLength < 2) {
    throw new ClmbrError(
      'INVALID_ARGUMENT',
      `${surprisal ? 'surprisal' : 'perplexity'}: expected a model with a context of at least 2 tokens, found ${contextLength}.`,
    );
  }
  const context = { tokenizer, vocabularySize, contextLength };
  const targets = optional(options.targets, [], (v) => checkTargets(v, context));
  const isMore = scores || targets.length > 0;
  const topK = optional(options.topK, scores && targets.length === 0 ? 0 : Math.min(10, vocabularySize), (v) =>
    checkInteger(v, 'topK', isMore ? 0 : 1, vocabularySize),
  );
  if (logProbs && !perplexity) throw needs('logProbs', '`perplexity: true`');
  if (options.stride !== undefined && !scores) throw needs('stride', '`perplexity` or `surprisal`');
  const stride = optional(options.stride, Math.floor(contextLength / 2), (v) =>
    checkInteger(v, 'stride', 1, contextLength - 1),
  );
  return { ...patient, topK, targets, surprisal, perplexity, logProbs, stride };
}

function needs(option: string, other: string): ClmbrError {
  return new ClmbrError('INVALID_ARGUMENT', `${option}: expected together with ${other}, found alone.`, {
    details: { parameter: option },
  });
}
