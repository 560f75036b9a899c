export { addon } from './addon.ts';
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
} from './types.ts';
