export { addon } from './addon.ts';
export { fromNative, isAbort } from './errors.ts';
export type {
  NativeAddon,
  NativeBatch,
  NativeDescription,
  NativeDestination,
  NativeJob,
  NativeModel,
  NativePooling,
  NativeRepresentation,
} from './types.ts';
