/** Values that no caller should pass; each is made anew, as some are changed by being read. */

const fail = (): never => {
  throw new Error('qz from the caller');
};

/** Throws at whatever is done with it. */
export function throwingProxy(target: object): object {
  const traps = ['get', 'has', 'ownKeys', 'getOwnPropertyDescriptor', 'getPrototypeOf', 'apply', 'construct'] as const;
  return new Proxy(target, Object.fromEntries(traps.map((trap) => [trap, fail])));
}

function revoked(target: object): object {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

function cyclic(): object {
  const object: Record<string, unknown> = { list: [] };
  object['self'] = object;
  (object['list'] as unknown[]).push(object);
  return object;
}

function detached(): Int32Array {
  const ids = Int32Array.of(7, 8);
  structuredClone(ids.buffer, { transfer: [ids.buffer] });
  return ids;
}

export const hostileValues: Readonly<Record<string, () => unknown>> = {
  undefined: () => undefined,
  null: () => null,
  NaN: () => NaN,
  '-0': () => -0,
  '-1': () => -1,
  '1.5': () => 1.5,
  '2**53': () => 2 ** 53,
  Infinity: () => Infinity,
  'a bigint': () => 2n ** 70n,
  'no text': () => '',
  'a text': () => 'qzword',
  'a text of many lines': () => 'qz\n\u001b[31m\u2028line\0',
  'a lone surrogate': () => '\ud800',
  // Computed: as a plain key it would be the prototype of this object, and no value.
  ['__proto__']: () => '__proto__',
  constructor: () => 'constructor',
  true: () => true,
  'a symbol': () => Symbol('qz'),
  'a function': () => () => 1,
  'a class': () => class Anything {},
  'an array': () => [],
  'an array of nothing': () => [null, undefined],
  'a sparse array': () => new Array(3),
  'an object': () => ({}),
  'an object without prototype': () => Object.create(null) as object,
  'a cyclic object': cyclic,
  'an object that names itself': () => ({ constructor: { name: 'qz\nname' }, toString: fail, then: 1 }),
  'a date': () => new Date(NaN),
  'a map': () => new Map([[1, 2]]),
  'a proxy that throws': () => throwingProxy({}),
  'a proxy of an array that throws': () => throwingProxy([]),
  'a proxy of a function that throws': () => throwingProxy(() => 1),
  'a revoked proxy': () => revoked({}),
  'a revoked proxy of an array': () => revoked([]),
  'an object whose getters throw': () =>
    Object.defineProperties(
      {},
      Object.fromEntries(
        ['signal', 'events', 'at', 'id', 'code', 'length', 'rows'].map((name) => [
          name,
          { get: fail, enumerable: true },
        ]),
      ),
    ),
  'a detached array': detached,
  'a shared array': () => new Int32Array(new SharedArrayBuffer(8)),
  bytes: () => new Uint8Array(3),
};
