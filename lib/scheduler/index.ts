export { BatchQueue, disposed } from './batch-queue.ts';
export type { PassSettings, Window, WindowGroup, WindowRequest } from './assemble.ts';
export { planPass, windowCost } from './plan.ts';
export type { WaitingRequest } from './plan.ts';
export { WaitingWindows } from './waiting-windows.ts';
export type { WindowStream } from './window-stream.ts';
