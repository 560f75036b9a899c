import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Diagnosis } from '../../lib/index.ts';
import { builtAddon, ownFile, ownLibc, ownPlatform, StagedPackage, version } from '../native/staged.ts';
import { temporaryFolder } from '../support/temporary.ts';

const project = await temporaryFolder();
let staged: StagedPackage;
let addon: Buffer;

beforeAll(async () => {
  staged = await StagedPackage.create(project);
  addon = await readFile(builtAddon);
});

async function diagnosis(env?: Record<string, string>) {
  const { ended, stdout, stderr } = await staged.clmbr(['doctor', '--json'], env);
  return { ended, stderr, ...(JSON.parse(stdout) as Diagnosis) };
}

describe('clmbr doctor', () => {
  it('says what computes and why the rest does not', async () => {
    await staged.carry({ [ownFile]: addon });
    const found = await diagnosis();
    expect(found).toMatchObject({
      ...{ ended: 0, stderr: '', problem: null, clmbr: version, platform: ownPlatform },
      runtime: `Node ${process.versions.node}`,
      ggml: expect.stringMatching(/^\d+\.\d+/),
      addons: [
        { variant: 'default', path: join(staged.folder, ownFile), error: null },
        { variant: 'cuda', path: null, error: expect.stringContaining('npm install clmbr-cuda') },
      ],
    });
    if (ownLibc !== '') expect(found.libc).toContain(ownLibc);
    expect(found.instructionSets).toContain('scalar');
    expect(found.chosenInstructionSet).toBe(found.instructionSets[0]);
    const cpu = found.devices.find((device) => device.backend === 'cpu')!;
    expect(cpu).toMatchObject({ name: 'cpu', description: expect.stringMatching(/./) });
    expect(cpu.memoryFree).toBeGreaterThan(0);
    expect(cpu.memoryTotal).toBeGreaterThanOrEqual(cpu.memoryFree);
    expect(found.absent.map(({ backend }) => backend)).toContain('cuda');
    for (const { reason } of found.absent) expect(reason).toMatch(/^[A-Z].*\.$/);
  });

  it('prints the same for people', async () => {
    await staged.carry({ [ownFile]: addon });
    const { ended, stdout, stderr } = await staged.clmbr(['doctor']);
    expect({ ended, stderr }).toEqual({ ended: 0, stderr: '' });
    const lines = stdout.trimEnd().split('\n');
    expect(lines[0]).toMatch(new RegExp(`^clmbr +${version}, ggml [\\d.]+, Node ${process.versions.node}$`));
    expect(lines.at(-1)).toMatch(/^models +run on the CPU$/);
    for (const start of ['platform', 'processor', 'instruction sets', 'addon (default)', 'device cpu', 'no cuda'])
      expect(lines.filter((line) => line.startsWith(start))).toHaveLength(1);
    expect(stdout).toMatch(/ \(used\)/);
    expect(stdout).toContain(`  ${join(staged.folder, ownFile)}\n`);
  });

  it('takes the instruction set that CLMBR_CPU names, and fails where there is none of that name', async () => {
    await staged.carry({ [ownFile]: addon });
    expect(await diagnosis({ CLMBR_CPU: 'scalar' })).toMatchObject({ ended: 0, chosenInstructionSet: 'scalar' });
    const wrong = await diagnosis({ CLMBR_CPU: 'mmx' });
    expect(wrong).toMatchObject({ ended: 1, chosenInstructionSet: null });
    expect(wrong.stderr).toMatch(/^clmbr: CLMBR_CPU is "mmx", but .* \(DEVICE_UNAVAILABLE\)\n$/);
  });

  it('fails without an addon, and prints the rest all the same', async () => {
    await staged.carry({});
    const { ended, stderr, problem, devices, instructionSets, addons } = await diagnosis();
    expect({ ended, devices, instructionSets }).toEqual({ ended: 1, devices: [], instructionSets: [] });
    expect(problem).toBe(addons[0]!.error);
    expect(stderr).toBe(`clmbr: ${problem} (ADDON_UNAVAILABLE)\n`);
    const { stdout } = await staged.clmbr(['doctor']);
    expect(stdout).toMatch(/addon \(default\) +none\n[^]*models +do not run\n$/);
  });
});
