import { describe, expect, it } from 'vitest';
import { clmbr } from './command.ts';

describe('demo', () => {
  it('shows every part in 80 columns, from any folder, without colour where none is wanted', async () => {
    const { code, stdout, stderr } = await clmbr(['demo'], { cwd: '/' });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const part of [
      'Model',
      'Patient',
      'What comes next',
      'Risks',
      'Nearest patients',
      'Timing',
      'Where to go next',
    ])
      expect(stdout).toMatch(new RegExp(`^${part}`, 'm'));
    expect(stdout.split('\n').filter((line) => [...line].length > 80)).toEqual([]);
    expect(stdout).not.toContain('\u001b');
    // A trained model agrees with the simulator that made the patients.
    const [, plausible, all] = /(\d+) of these (\d+) are plausible/.exec(stdout)!.map(Number);
    expect(plausible).toBeGreaterThanOrEqual(all! / 2);
  });

  it('is the same with colours', async () => {
    const plain = await clmbr(['demo']);
    const coloured = await clmbr(['demo'], { env: { NO_COLOR: undefined, FORCE_COLOR: '1' } });
    const stripped = coloured.stdout.replace(/\u001b\[\d+m/g, '');
    const withoutTimes = (text: string) => text.replace(/[\d.,]+ (ms|s\b|tokens\/s)/g, '');
    expect(coloured.stdout).toContain('\u001b[1m');
    expect(withoutTimes(stripped)).toBe(withoutTimes(plain.stdout));
  });
});
