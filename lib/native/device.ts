import { ClmbrError } from '../errors.ts';
import { loadAddon } from './addon.ts';
import { locate } from './locate.ts';
import type { NativeAddon } from './types.ts';

/** A kind of GPU. */
export type GpuBackend = 'cuda' | 'metal' | 'vulkan';

/**
 * Where a model computes. `auto`: the first GPU that there is, else the processor. `cpu`: the processor, with the kernels of this package.
 * `cpu-reference`: the graph that GPUs run, on the processor, to compare them with. A number picks one of several GPUs.
 */
export type DeviceName = 'auto' | 'cpu' | 'cpu-reference' | GpuBackend | `${GpuBackend}:${number}`;

/** The addon that drives a device, and the device's name there. */
export interface ChosenDevice {
  addon: NativeAddon;
  device: string;
}

const gpus: readonly GpuBackend[] = ['cuda', 'metal', 'vulkan'];

export function isDeviceName(value: unknown): value is DeviceName {
  return typeof value === 'string' && /^(auto|cpu|cpu-reference|(cuda|metal|vulkan)(:\d{1,3})?)$/.test(value);
}

/**
 * @throws ClmbrError ADDON_UNAVAILABLE, and DEVICE_UNAVAILABLE when a GPU was asked for that no addon here can drive
 */
export function chooseDevice(wanted: DeviceName): ChosenDevice {
  if (wanted === 'auto') return firstGpu() ?? { addon: loadAddon('default'), device: 'cpu' };
  if (wanted === 'cpu' || wanted === 'cpu-reference') return { addon: loadAddon('default'), device: wanted };
  const backend = wanted.split(':')[0] as GpuBackend;
  const addon = addonWith(backend);
  return { addon, device: wanted === backend ? (firstOf(addon, backend) ?? wanted) : wanted };
}

/** The GPU that `auto` takes. An addon that does not load, or finds no device, only means that there is none. */
function firstGpu(): ChosenDevice | undefined {
  for (const variant of ['default', 'cuda'] as const) {
    if (variant === 'cuda' && locate('cuda').file === null) continue;
    let addon: NativeAddon;
    try {
      addon = loadAddon(variant);
    } catch {
      continue;
    }
    for (const backend of gpus) {
      const device = firstOf(addon, backend);
      if (device !== undefined) return { addon, device };
    }
  }
  return undefined;
}

function firstOf(addon: NativeAddon, backend: GpuBackend): string | undefined {
  return addon.system().devices.find((device) => device.backend === backend)?.name;
}

function addonWith(backend: GpuBackend): NativeAddon {
  const addon = loadAddon('default');
  if (addon.system().backends.includes(backend)) return addon;
  const build = `make one with \`npx clmbr build --${backend}\``;
  if (backend !== 'cuda')
    throw new ClmbrError(
      'DEVICE_UNAVAILABLE',
      `device: expected an addon with ${backend}, but the one that is installed was built without it; ${build}.`,
      { details: { backend } },
    );
  try {
    return loadAddon('cuda');
  } catch (cause) {
    const installed = locate('cuda').file !== null;
    const reason = (cause as Error).message + (installed ? '' : ` Or ${build}.`);
    throw new ClmbrError('DEVICE_UNAVAILABLE', `device: expected an addon with cuda. ${reason}`, {
      cause,
      details: { backend },
    });
  }
}
