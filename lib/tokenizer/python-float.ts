import { invalidArgument } from '../options.ts';

/**
 * A number as Python's `repr(float)` spells it: `4.0`, `1e-05`, `1e+16`, `nan`, `-inf`. Both languages print the shortest digits
 * that read back as the same number; they differ in when the exponent form begins, in its width and in the `.0` of integers.
 */
export function pythonFloat(x: number): string {
  if (typeof x !== 'number') throw invalidArgument('x', 'a number', x);
  if (Number.isNaN(x)) return 'nan';
  if (x === Infinity) return 'inf';
  if (x === -Infinity) return '-inf';
  if (x === 0) return Object.is(x, -0) ? '-0.0' : '0.0';
  const magnitude = Math.abs(x);
  if (magnitude >= 1e-4 && magnitude < 1e16) {
    const text = String(x);
    return Number.isInteger(x) ? `${text}.0` : text;
  }
  const text = x.toExponential();
  const exponent = text.indexOf('e') + 2;
  return text.length - exponent >= 2 ? text : `${text.slice(0, exponent)}0${text.slice(exponent)}`;
}
