import type { NativeBatch, NativeDestination, NativePooling, NativeRepresentation } from '../native/index.ts';

/** Results that one pass over a window gives: rows of destinations for ranges of its tokens. */
export interface Window {
  ids: Int32Array;
  /** Four numbers an output: first token in the window, end, destination of the request, row in it. Ascending by first token, then end. */
  outputs: Int32Array;
}

/** Windows that are awaited together. */
export interface WindowGroup {
  windows: readonly Window[];
  destinations: readonly NativeDestination[];
  /** Called after each pass with the windows and tokens that it finished. */
  onProgress?: ((windows: number, tokens: number) => void) | undefined;
}

/** What the windows of one call have in common. */
export interface PassSettings {
  pooling: NativePooling;
  representation: NativeRepresentation;
  /** Entries of `next`; 0 otherwise. */
  top: number;
  /** Sets of token ids whose probability `next` gives; none otherwise. */
  targets?: readonly Int32Array[];
  signal?: AbortSignal | undefined;
}

/** A call whose windows are all known when it is made. */
export interface WindowRequest extends PassSettings, WindowGroup {}

/** Requests of one kind can share a pass. */
export function kindOf({ pooling, representation, top, targets = [] }: PassSettings): string {
  return `${pooling} ${representation} ${top} ${targets.map((ids) => ids.join()).join(';')}`;
}

export function tokensOf(windows: readonly Window[]): number {
  return windows.reduce((sum, window) => sum + window.ids.length, 0);
}

/** Packs the windows of a pass end to end. */
export function assemble(
  settings: PassSettings,
  shares: readonly { destinations: readonly NativeDestination[]; windows: readonly Window[] }[],
): NativeBatch {
  const windows = shares.flatMap((share) => share.windows);
  const tokens = new Int32Array(tokensOf(windows));
  const lengths = Int32Array.from(windows, (window) => window.ids.length);
  const outputs = new Int32Array(windows.reduce((sum, window) => sum + window.outputs.length, 0));
  const destinations: NativeDestination[] = [];
  let token = 0;
  let at = 0;
  for (const share of shares) {
    for (const window of share.windows) {
      tokens.set(window.ids, token);
      for (let i = 0; i < window.outputs.length; i += 4, at += 4) {
        outputs[at] = token + window.outputs[i]!;
        outputs[at + 1] = token + window.outputs[i + 1]!;
        outputs[at + 2] = destinations.length + window.outputs[i + 2]!;
        outputs[at + 3] = window.outputs[i + 3]!;
      }
      token += window.ids.length;
    }
    destinations.push(...share.destinations);
  }
  const { pooling, representation, top, targets = [] } = settings;
  let end = 0;
  return {
    tokens,
    lengths,
    outputs,
    pooling,
    representation,
    top,
    targets: Int32Array.from(targets.flatMap((ids) => [...ids])),
    targetEnds: Int32Array.from(targets, (ids) => (end += ids.length)),
    destinations,
  };
}
