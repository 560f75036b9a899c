import type { ClmbrErrorCode } from '../errors.ts';
import { ClmbrError } from '../errors.ts';
import type { LlamaHyperparameters } from './llama.ts';
import { inverseFrequencies } from './rope.ts';

/** Beyond these a number is taken for damage: far above any model of this kind, far below what overflows anything. */
const maxima = {
  contextLength: 1 << 20,
  hiddenSize: 65_536,
  layerCount: 1024,
  headCount: 4096,
  kvHeadCount: 4096,
  headSize: 256,
  feedForwardSize: 1 << 20,
  vocabularySize: 1 << 24,
} as const satisfies Partial<Record<keyof LlamaHyperparameters, number>>;

const headSizeStep = 8;

/** Where hyper-parameters came from: the file, what it calls each of them, and which error a wrong one is. */
export interface HyperparameterSource {
  path: string;
  code: ClmbrErrorCode;
  /** The file's own key for a hyper-parameter, for messages. */
  keys: Partial<Record<string, string>>;
}

function fail(
  source: HyperparameterSource,
  code: ClmbrErrorCode,
  name: string,
  expected: string,
  found: unknown,
): never {
  const key = source.keys[name] ?? name;
  throw new ClmbrError(code, `${source.path}: "${key}" is ${String(found)}, expected ${expected}.`, {
    details: { path: source.path, key, expected, found },
  });
}

function checkRope(h: LlamaHyperparameters, source: HyperparameterSource): void {
  const positive = (name: string, value: number) => {
    if (!(Number.isFinite(Math.fround(value)) && Math.fround(value) > 0))
      fail(source, source.code, name, 'a number greater than 0 that F32 can hold', value);
  };
  positive('theta', h.rope.theta);
  const { scaling } = h.rope;
  if (scaling.type === 'linear' || scaling.type === 'llama3') positive('factor', scaling.factor);
  if (scaling.type === 'llama3') {
    positive('lowFreqFactor', scaling.lowFreqFactor);
    positive('highFreqFactor', scaling.highFreqFactor);
    if (scaling.highFreqFactor <= scaling.lowFreqFactor) {
      fail(
        source,
        source.code,
        'highFreqFactor',
        `more than the low one (${scaling.lowFreqFactor})`,
        scaling.highFreqFactor,
      );
    }
    const original = scaling.originalContextLength;
    if (!Number.isInteger(original) || original < 1 || original > maxima.contextLength) {
      fail(source, source.code, 'originalContextLength', `an integer from 1 to ${maxima.contextLength}`, original);
    }
  }
  checkAngles(h, source);
}

/** Numbers that F32 holds for themselves can give angles that it does not: every vector would be NaN. */
function checkAngles(h: LlamaHyperparameters, source: HyperparameterSource): void {
  const largest = inverseFrequencies(h).reduce((a, b) => (b > a || Number.isNaN(b) ? b : a), 0);
  if (Number.isFinite(Math.fround(largest * h.contextLength))) return;
  const { theta, scaling } = h.rope;
  const [name, found] = scaling.type === 'linear' && theta >= 1 ? ['factor', scaling.factor] : ['theta', theta];
  fail(source, source.code, String(name), 'one whose angles F32 can hold at every position', found);
}

/**
 * Checks hyper-parameters for themselves, before anything is computed or allocated from them.
 *
 * @throws ClmbrError the source's own code for a value that makes no sense, `UNSUPPORTED_MODEL` for a head size that the
 *   engine does not have.
 */
export function checkHyperparameters(h: LlamaHyperparameters, source: HyperparameterSource): void {
  for (const [name, maximum] of Object.entries(maxima) as [keyof typeof maxima, number][]) {
    const value = h[name];
    if (!Number.isInteger(value) || value < 1)
      fail(source, source.code, name, `an integer from 1 to ${maximum}`, value);
    if (value > maximum) fail(source, 'UNSUPPORTED_MODEL', name, `at most ${maximum}`, value);
  }
  if (h.headSize % headSizeStep !== 0)
    fail(source, 'UNSUPPORTED_MODEL', 'headSize', `a multiple of ${headSizeStep}`, h.headSize);
  if (h.headCount % h.kvHeadCount !== 0) {
    fail(source, source.code, 'kvHeadCount', `a divisor of the ${h.headCount} attention heads`, h.kvHeadCount);
  }
  if (!(h.rmsNormEpsilon >= 0 && h.rmsNormEpsilon < 1)) {
    fail(source, source.code, 'rmsNormEpsilon', 'a number from 0 to 1', h.rmsNormEpsilon);
  }
  for (const name of ['bosId', 'eosId'] as const) {
    const id = h[name];
    if (id !== undefined && !(Number.isInteger(id) && id >= 0 && id < h.vocabularySize)) {
      fail(source, source.code, name, `a token id below ${h.vocabularySize}`, id);
    }
  }
  checkRope(h, source);
}
