import { ClmbrError } from '../../../../lib/errors.ts';
import { refusal } from '../judge.ts';
import type { Target } from '../target.ts';

/** Does what products must not do, to see that the supervision notices. */
export const misbehaviour: Target = async () => {
  let turns = 0;
  const acts: (() => string)[] = [
    () => process.abort(),
    () => {
      for (;;) turns += 1;
    },
    () => {
      const kept = Array.from({ length: 6 }, () => Buffer.alloc(2 ** 26, 1));
      for (const end = performance.now() + 1500; performance.now() < end; ) kept[0]![0]! += 1;
      return 'accepted';
    },
    () => process.exit(3),
    () => {
      throw new TypeError('not ours');
    },
    // The class writes one line whatever it is given.
    () => refusal(Object.assign(new ClmbrError('INVALID_GGUF', 'x'), { message: 'two\nlines' }), ['INVALID_GGUF']),
    () => refusal(new ClmbrError('INTERNAL', 'fine'), ['INVALID_GGUF']),
    () =>
      refusal(
        new ClmbrError('INVALID_INPUT', 'it was 42.5', { cause: new Error('Jane') }),
        ['INVALID_INPUT'],
        ['Jane'],
      ),
    () => refusal(new ClmbrError('INVALID_INPUT', 'fine'), ['INVALID_INPUT']),
    () => 'accepted',
  ];
  return async (random, keep) => {
    keep('input', `${random.index} ${turns}`);
    return acts[random.index]!();
  };
};
