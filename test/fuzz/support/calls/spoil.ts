import type { Patient } from '../../../../lib/types.ts';
import type { Random } from '../random.ts';

const revoked = (): unknown => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};

/** What does not belong where it is put, most of it at least. */
export const hostile: readonly unknown[] = [
  ...[null, undefined, NaN, Infinity, -1, -0, 1.5, 2 ** 53, 10n, true, '', 'nonsense', Symbol('nonsense')],
  ...[[], [[]], [NaN], {}, { length: 5 }, new Date(NaN), new Date(0), () => 7, new Map(), new Float64Array(2)],
  ...[Object.create(null), new Int32Array([-1]), revoked()],
  Object.defineProperty({}, 'code', {
    get: () => {
      throw new Error('the getter of a caller');
    },
  }),
];

/** One thing about a patient changed for the worse. */
export function spoilPatient(random: Random, patient: Patient): Patient {
  const bad = random.pick([...hostile, 'zorblax-9', { code: 'zorblax-9' }, 735198462, '2031-07-19']) as never;
  if (random.chance(0.2)) return bad;
  const list = Array.isArray(patient)
    ? [...(patient as unknown[])]
    : [...((patient as { events?: unknown[] }).events ?? (patient as { ids?: number[] }).ids ?? [])];
  const at = random.below(list.length);
  const event = list[at];
  list[at] =
    typeof event === 'object' && event !== null && random.chance(0.7)
      ? { ...event, [random.pick(['code', 'value', 'start', 'unit', 'end'])]: bad }
      : bad;
  if (Array.isArray(patient)) return list as unknown as Patient;
  return {
    ...(patient as object),
    [random.pick(['events', 'events', 'id', 'at', 'ids'])]: random.pick([list, bad]),
  } as never;
}
