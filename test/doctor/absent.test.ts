import { describe, expect, it } from 'vitest';
import { absentBackends } from '../../lib/doctor/absent.ts';
import type { Device } from '../../lib/doctor/diagnosis.ts';

const device = (name: string): Device => ({
  ...{ name, backend: name.split(':')[0]!, description: 'a device' },
  ...{ memoryFree: 1, memoryTotal: 2 },
});
const cudaError = 'The CUDA addon of clmbr cannot be loaded: the package clmbr-cuda is not installed; so.';
const linux = { platform: 'linux', backends: new Set<string>(), devices: [device('cpu')], cudaError };
const reasons = (found: Partial<Omit<typeof linux, 'cudaError'>> & { cudaError?: string | null }) =>
  Object.fromEntries(absentBackends({ ...linux, ...found }).map(({ backend, reason }) => [backend, reason]));

describe('why a backend is absent', () => {
  it('where nothing is compiled in', () => {
    expect(reasons({})).toEqual({
      cuda: cudaError,
      metal: 'Metal exists on macOS only.',
      vulkan: expect.stringContaining('`npx clmbr build --vulkan`'),
    });
    expect(reasons({ platform: 'darwin' })).toMatchObject({
      cuda: 'There is no CUDA on macOS.',
      metal: expect.stringContaining('`npx clmbr build --metal`'),
    });
    expect(reasons({ cudaError: null }).cuda).toContain('CUDA is not compiled into the addon');
  });

  it('where it is compiled in and finds no device', () => {
    const backends = new Set(['cuda', 'vulkan', 'metal']);
    expect(reasons({ backends })).toEqual({
      cuda: expect.stringMatching(/^CUDA is compiled in, but no device was found: install NVIDIA's driver/),
      metal: expect.stringMatching(/^Metal is compiled in/),
      vulkan: expect.stringMatching(/^Vulkan is compiled in, .*install the Vulkan driver/),
    });
  });

  it('not where it has a device', () => {
    const devices = [device('cpu'), device('cuda:0'), device('cuda:1'), device('vulkan:0')];
    expect(Object.keys(reasons({ devices }))).toEqual(['metal']);
  });
});
