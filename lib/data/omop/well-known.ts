/**
 * Concepts that are understood without a row in CONCEPT: FEMR's own (birth, death, a visit of unknown kind), and those of PERSON and
 * VISIT_OCCURRENCE, which samples of the vocabulary often leave out. Identifier, code, name.
 */
export const wellKnownConcepts: readonly (readonly [id: number, code: string, name: string])[] = [
  [4083587, 'SNOMED/3950001', 'Birth'],
  [4306655, 'SNOMED/419620001', 'Death'],
  [8, 'Domain/OMOP generated', 'Visit'],
  [8507, 'Gender/M', 'MALE'],
  [8532, 'Gender/F', 'FEMALE'],
  [8657, 'Race/1', 'American Indian or Alaska Native'],
  [8515, 'Race/2', 'Asian'],
  [8516, 'Race/3', 'Black or African American'],
  [8557, 'Race/4', 'Native Hawaiian or Other Pacific Islander'],
  [8527, 'Race/5', 'White'],
  [38003563, 'Ethnicity/Hispanic', 'Hispanic or Latino'],
  [38003564, 'Ethnicity/Not Hispanic', 'Not Hispanic or Latino'],
  [9201, 'Visit/IP', 'Inpatient Visit'],
  [9202, 'Visit/OP', 'Outpatient Visit'],
  [9203, 'Visit/ER', 'Emergency Room Visit'],
  [262, 'Visit/ERIP', 'Emergency Room and Inpatient Visit'],
];
