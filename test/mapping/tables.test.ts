import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readCodeTable, readUnitRules } from '../../lib/mapping/index.ts';
import { expectClmbrError } from '../support/expect-error.ts';
import { temporaryFolder } from '../support/temporary.ts';

const folder = await temporaryFolder();
let files = 0;

async function file(text: string): Promise<string> {
  const path = join(folder, `table-${files++}.csv`);
  await writeFile(path, text);
  return path;
}

describe('readCodeTable', () => {
  it('reads from and to in any order and case, quotes, a byte order mark and Windows line ends', async () => {
    const table = await readCodeTable(
      await file(
        '\ufeffTo,note,FROM\r\nLOINC/1-8,x,LAB//1//"mg"\r\n\r\n"SNOMED/1",,"a, ""b"""\r\nLOINC/2,,A\r\nLOINC/3,,A\r\n'.replace(
          'LAB//1//"mg"',
          'LAB//1//mg',
        ),
      ),
    );
    expect(table.size).toBe(3);
    expect(table.targetsOf('LAB//1//mg')).toEqual(['LOINC/1-8']);
    expect(table.targetsOf('a, "b"')).toEqual(['SNOMED/1']);
    expect(table.targetsOf('A')).toEqual(['LOINC/2', 'LOINC/3']);
    expect(table.targetsOf('__proto__')).toEqual([]);
  });

  it('reads lines that end in several ways', async () => {
    const table = await readCodeTable(await file('from,to\r\nA,B\nC,D\r\n'));
    expect([table.targetsOf('A'), table.targetsOf('C')]).toEqual([['B'], ['D']]);
  });

  it.each([
    ['', ':', 'found an empty file'],
    ['from,target\na,b\n', ':1', 'none named to'],
    ['from,to\na,b\n\na\n', ':4', 'expected 2 columns, found 1'],
    ['from,to\na,\n', ':2', 'column to'],
    ['from,to\n,b\n', ':2', 'column from'],
    ['from,to,To\na,b,c\n', ':1', 'one column named to'],
    ['from,to\na,"b\n', ':', 'broken quotation'],
    ['from,to\n"a"x,b\n', ':2', 'broken quotation'],
  ])('refuses %j', async (text, line, message) => {
    const path = await file(text);
    await expectClmbrError(readCodeTable(path), 'INVALID_INPUT', `${path}${line}`, message);
  });

  it('names a file that is not there', () =>
    expectClmbrError(readCodeTable(join(folder, 'absent.csv')), 'FILE_UNREADABLE', 'absent.csv'));
});

describe('readUnitRules', () => {
  it('reads factors and offsets', async () => {
    const rules = await readUnitRules(
      await file('code,unit,factor,offset\nA,mmol/L,18.0182,\nA,,1e-1,32\nB,K,1,-273.15\n'),
    );
    expect(rules.all).toEqual([
      { code: 'A', unit: 'mmol/L', factor: 18.0182, offset: 0 },
      { code: 'A', unit: '', factor: 0.1, offset: 32 },
      { code: 'B', unit: 'K', factor: 1, offset: -273.15 },
    ]);
    expect((await readUnitRules(await file('code,unit,factor\nA,g,1000\n'))).all).toHaveLength(1);
  });

  it.each([
    ['code,unit,factor,offset,offset\nA,g,1,0,1\n', ':1', 'one column named offset'],
    ['code,unit,factor\n,g,1\n', ':2', 'column code'],
    ['code,unit,factor\nA,g,\n', ':2', 'column factor: expected a number, found nothing'],
    ['code,unit,factor\nA,g,x\n', ':2', 'found a text'],
    ['code,unit,factor\nA,g,0\n', ':2', 'other than 0'],
    ['code,unit,factor,offset\nA,g,1,Infinity\n', ':2', 'column offset'],
    ['code,unit,factor\nA,g,1\nB,g,1\nA,g,2\n', ':4', 'a second one'],
  ])('refuses %j', async (text, line, message) => {
    const path = await file(text);
    await expectClmbrError(readUnitRules(path), 'INVALID_INPUT', `${path}${line}`, message);
  });
});
