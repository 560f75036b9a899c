export { addon, describeAddon, loadAddon } from './addon.ts';
export type { AddonReport } from './addon.ts';
export { currentRuntime } from './runtime.ts';
export type { Runtime } from './runtime.ts';
export { chooseDevice, isDeviceName } from './device.ts';
export type { ChosenDevice, DeviceName, GpuBackend } from './device.ts';
export type { AddonVariant } from './locate.ts';
export { fromNative, isAbort } from './errors.ts';
export type {
  NativeAddon,
  NativeBatch,
  NativeDescription,
  NativeDestination,
  NativeDraws,
  NativeGeneration,
  NativeJob,
  NativeModel,
  NativePooling,
  NativeRepresentation,
  NativeSampler,
  NativeStep,
  NativeSystem,
} from './types.ts';
