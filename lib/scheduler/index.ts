export { BatchQueue, disposed } from './batch-queue.ts';
export type { Window, WindowRequest } from './assemble.ts';
export { planPass, windowCost } from './plan.ts';
export type { WaitingRequest } from './plan.ts';
