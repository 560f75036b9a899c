import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pythonFloat } from '../../lib/tokenizer/python-float.ts';

/** Written by CPython 3: `repr(x)` beside the eight bytes of x. */
const table: readonly (readonly [string, string])[] = [
  ['0000000000000000', '0.0'],
  ['8000000000000000', '-0.0'],
  ['3ff0000000000000', '1.0'],
  ['4010000000000000', '4.0'],
  ['c010000000000000', '-4.0'],
  ['403ce66660000000', '28.899999618530273'],
  ['7fefffffffffffff', '1.7976931348623157e+308'],
  ['ffefffffffffffff', '-1.7976931348623157e+308'],
  ['0000000000000001', '5e-324'],
  ['0010000000000000', '2.2250738585072014e-308'],
  ['3f1a36e2eb1c432d', '0.0001'],
  ['3f1a36371ea531a8', '9.999e-05'],
  ['3f202e4b6ce5dc68', '0.00012345'],
  ['3ee4f8b588e368f1', '1e-05'],
  ['3eef75104d551d69', '1.5e-05'],
  ['3e7ad7f29abcaf48', '1e-07'],
  ['42dc12218377de66', '123456789012345.6'],
  ['430c6bf526340000', '1000000000000000.0'],
  ['4341c37937e07fff', '9999999999999998.0'],
  ['4341c37937e08000', '1e+16'],
  ['4341c37937e08001', '1.0000000000000002e+16'],
  ['43e56a95319d63e1', '1.2345678901234567e+19'],
  ['4415af1d78b58c40', '1e+20'],
  ['444b1ae4d6e2ef50', '1e+21'],
  ['448969368974c05b', '1.5e+22'],
  ['44b52d02c7e14af6', '1e+23'],
  ['4340000000000000', '9007199254740992.0'],
  ['3fd3333333333334', '0.30000000000000004'],
  ['3fd5555555555555', '0.3333333333333333'],
  ['3df12e0be826d695', '2.5e-10'],
  ['54b249ad2594c37d', '1e+100'],
  ['2b2bff2ee48e0530', '1e-100'],
  ['47efffffe0000000', '3.4028234663852886e+38'],
  ['36a0000000000000', '1.401298464324817e-45'],
  ['3fa06297a0000000', '0.032002199441194534'],
  ['7ff0000000000000', 'inf'],
  ['fff0000000000000', '-inf'],
  ['7ff8000000000000', 'nan'],
  ['40f869f000000000', '99999.0'],
  ['40f86a0000000000', '100000.0'],
  ['4164d8399f767c45', '10928588.983213553'],
  ['5bc8fbbcbde5c099', '1.4186613525849614e+134'],
  ['b0c11fdecb91ce37', '-7.571968556055867e-74'],
  ['d76d4330f1446bea', '-1.4074705188261364e+113'],
  ['3fc1ea36f17fd374', '0.1399601630397701'],
  ['bb2edb20035b7399', '-1.2761724801771812e-23'],
  ['c30d8b7628dbd25e', '-1039514241563211.8'],
  ['015c33b2df1461aa', '4.1124768973349897e-302'],
  ['43892dfc254cb864', '2.26797932753915e+17'],
  ['0d464138a6233255', '1.01853664031722e-244'],
];

describe('pythonFloat', () => {
  it.each(table)('spells %s as %s', (hex, text) => {
    expect(pythonFloat(Buffer.from(hex, 'hex').readDoubleBE())).toBe(text);
  });

  it('reads back as the same number, in one of the two forms of Python', () => {
    const form = /^-?(?:\d+\.\d+|\d(?:\.\d*[1-9])?e[+-]\d{2,3})$/;
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (x) => {
        const text = pythonFloat(x);
        expect(text).toMatch(form);
        expect(Object.is(Number(text), x)).toBe(true);
        const isExponential = x !== 0 && (Math.abs(x) < 1e-4 || Math.abs(x) >= 1e16);
        expect(text.includes('e')).toBe(isExponential);
      }),
      { numRuns: 5000 },
    );
  });
});
