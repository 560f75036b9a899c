export { diagnose } from './diagnose.ts';
export type { AbsentBackend, AddonReport, AddonVariant, Device, Diagnosis } from './diagnosis.ts';
