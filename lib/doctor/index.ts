export { diagnose } from './diagnose.ts';
export type { AbsentBackend, AddonReport, Device, Diagnosis } from './diagnosis.ts';
