import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DataReport } from '../../lib/index.ts';
import { bundleOf, samplePatients, writeBulk } from '../data/fhir/generator.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { clmbr } from './command.ts';

const model = 'examples/demo/demo.gguf';
const folder = await temporaryFolder();
const patients = samplePatients(30, 40);

async function report(args: readonly string[], input?: string): Promise<DataReport> {
  const { code, stdout, stderr } = await clmbr(['coverage', model, ...args, '--json', '--quiet'], {
    ...(input && { input }),
  });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as DataReport;
}

describe('clmbr coverage', () => {
  it('says the same of bundles and of bulk data', async () => {
    const bundles = join(folder, 'bundles');
    await mkdir(bundles);
    await writeFile(join(bundles, 'all.json'), JSON.stringify(bundleOf(patients)));
    await writeBulk(join(folder, 'bulk'), patients);
    const [first, second] = [await report([bundles]), await report([join(folder, 'bulk'), '--input', 'fhir'])];
    expect(first).toEqual(second);
    expect(first).toMatchObject({
      version: 1,
      input: 'fhir',
      patients: 30,
      rows: { total: 30, empty: 0, truncated: 0 },
    });
    expect(first.mapped).toBeGreaterThan(100);
    expect(first.mapped + Object.values(first.dropped).reduce((sum, count) => sum + count, 0)).toBe(first.events);
    expect(first.skipped).toHaveProperty('panel');
    expect(first.topUnmapped.find(({ code }) => code === 'LOINC/2339-0')?.description).toBe('Glucose');
  });

  it('applies a table of codes and conversions of units, and writes the report beside a page of text', async () => {
    const map = join(folder, 'map.csv');
    const rules = join(folder, 'rules.csv');
    const out = join(folder, 'report.json');
    const lines = Array.from({ length: 40 }, (_, i) => ({
      id: `secret-${i}`,
      events: [{ code: 'GLU', value: 4 + i / 10, unit: 'mmol/L' }, { code: 'GENDER/F' }],
    }));
    const input = lines.map((line) => JSON.stringify(line)).join('\n');
    await writeFile(map, 'from,to\nGLU,LOINC/8480-6\n');
    await writeFile(rules, 'code,unit,factor\nGLU,mmol/L,18.0182\n');
    const before = await report(['-', '--map', map], input);
    expect(before.suspects).toMatchObject([
      { code: 'LOINC/8480-6', unit: 'mmol/L', end: 'lowest', share: 1, values: 40 },
    ]);
    const { code, stdout, stderr } = await clmbr(
      ['coverage', model, '-', '--map', map, '--convert-units', rules, '--out', out],
      { input },
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('40 patients (jsonl), 80 events, 80 understood (100.0 %)');
    expect(stdout).toContain('GLU [mmol/L] * 18.0182 + 0');
    const after = JSON.parse(await readFile(out, 'utf8')) as DataReport;
    expect(after).toMatchObject({ mapping: { table: 40, 'letter-case': 40 }, conversions: [{ events: 40 }] });
    expect(after.values[0]!.lowest).toBeLessThan(0.9);
    expect(stdout + JSON.stringify(after)).not.toContain('secret');
  });

  it('names bad rows, or counts them, and knows no truncation without a model', async () => {
    const input = '{"events": [{"code": "X", "value": 0}]}\nno\n';
    const failed = await clmbr(['coverage', model, '-'], { input });
    expect(failed).toMatchObject({ code: 1, stdout: '' });
    expect(failed.stderr).toMatch(/^clmbr: standard input:2: .*\(INVALID_INPUT\)\n$/);
    expect((await report(['-', '--skip-bad-rows'], input)).skipped).toEqual({ 'bad-row': 1 });
    const vocabulary = join(folder, 'tokenizer_config.json');
    await writeFile(vocabulary, JSON.stringify({ tokens: [{ code: 'X', type: 'code', tokenization: {} }] }));
    const { stdout } = await clmbr(['coverage', vocabulary, '-', '--json', '--skip-bad-rows'], { input });
    expect(JSON.parse(stdout)).toMatchObject({ patients: 1, mapped: 1, rows: { total: 1, truncated: null } });
    expect(await clmbr(['coverage', model, '-', '--input', 'xml'])).toMatchObject({ code: 2 });
  });

  it('does not replace what it reads', async () => {
    const data = join(folder, 'own.jsonl');
    await writeFile(data, '{"id":1,"events":[{"code":"A"}]}\n');
    const { code, stderr } = await clmbr(['coverage', model, data, '--out', data, '--quiet']);
    expect({ code, stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('which would replace') as string,
    });
    expect(await readFile(data, 'utf8')).toBe('{"id":1,"events":[{"code":"A"}]}\n');
  });
});
