/** Names of the columns that say whose label it is, and when; the first that a file has is taken. */
export const patientColumns = ['subject_id', 'patient_id', 'person_id'] as const;
export const timeColumns = ['prediction_time', 'time'] as const;

/** The first of some names that are there. */
export function firstOf(wanted: readonly string[], there: readonly string[]): string | undefined {
  return wanted.find((name) => there.includes(name));
}
