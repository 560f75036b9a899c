// Writes an OMOP CDM of made-up patients: node bench/data/generate-omop.mjs <folder> <persons> [csv|csv.gz|parquet] [rows per person]
// The same arguments give the same rows. Rows lie in no order, as in a warehouse; a hundredth of the persons has a quarter of the rows, so
// that the longest timeline does not grow with the number of persons.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';

const [folder, personsText, format = 'csv', rowsText = '80'] = process.argv.slice(2);
const persons = Number(personsText);
const rowsPerPerson = Number(rowsText);
const formats = {
  csv: '(format csv, header)',
  'csv.gz': '(format csv, header, compression gzip)',
  parquet: '(format parquet)',
};
if (folder === undefined || !(persons > 0) || !(rowsPerPerson > 0) || !(format in formats)) {
  process.stderr.write('usage: node generate-omop.mjs <folder> <persons> [csv|csv.gz|parquet] [rows per person]\n');
  process.exit(2);
}

/** How many concepts of each vocabulary. Codes are spread as in real data: few make up most of the rows. */
const vocabularies = {
  condition: { vocabulary: 'SNOMED', first: 10_000_000, concepts: 5000 },
  drug: { vocabulary: 'RxNorm', first: 20_000_000, concepts: 3000 },
  procedure: { vocabulary: 'CPT4', first: 30_000_000, concepts: 2000 },
  measurement: { vocabulary: 'LOINC', first: 40_000_000, concepts: 1500 },
  observation: { vocabulary: 'SNOMED', first: 50_000_000, concepts: 1000 },
  source: { vocabulary: 'ICD10CM', first: 60_000_000, concepts: 5000 },
};

/** A number in [0, 1) that depends on the row and on what it is for. */
const draw = (purpose) => `(hash(i, '${purpose}') % 1000003) / 1000003.0`;
const person = `CASE WHEN ${draw('who')} < 0.25 THEN 1 + (hash(i, 'heavy') % greatest(1, ${persons} // 100)) * 100 % ${persons}
  ELSE 1 + hash(i, 'person') % ${persons} END`;
const time = (purpose) => `TIMESTAMP '1990-01-01' + to_minutes(CAST(${draw(purpose)} * 17000000 AS BIGINT))`;
/** The concept of a row; `as` gives it the number that another one has: a source concept maps to one standard concept. */
const concept = (name, as = name) =>
  `CAST(${vocabularies[name].first} + floor(pow(${draw(as)}, 3) * ${vocabularies[name].concepts}) AS INTEGER)`;

/** The columns of a table beside its key and person, and its share of the rows. */
const tables = {
  visit_occurrence: [
    0.06,
    `CASE hash(i, 'visit') % 10 WHEN 0 THEN 9201 WHEN 1 THEN 9203 ELSE 9202 END AS visit_concept_id,
     CAST(t AS DATE) AS visit_start_date, t AS visit_start_datetime, CAST(t AS DATE) + 1 AS visit_end_date,
     t + to_hours(20) AS visit_end_datetime, 44818517 AS visit_type_concept_id, NULL AS provider_id,
     CAST(hash(i) AS VARCHAR) AS visit_source_value, 0 AS visit_source_concept_id`,
  ],
  condition_occurrence: [
    0.2,
    `${concept('condition')} AS condition_concept_id, CAST(t AS DATE) AS condition_start_date, t AS condition_start_datetime,
     NULL AS condition_end_date, NULL AS condition_end_datetime, 32020 AS condition_type_concept_id, NULL AS stop_reason,
     hash(i, 'v') % 1000000 AS visit_occurrence_id, 'code' AS condition_source_value, ${concept('source', 'condition')} AS condition_source_concept_id`,
  ],
  drug_exposure: [
    0.24,
    `${concept('drug')} AS drug_concept_id, CAST(t AS DATE) AS drug_exposure_start_date, t AS drug_exposure_start_datetime,
     CAST(t AS DATE) + 30 AS drug_exposure_end_date, NULL AS drug_exposure_end_datetime, 32838 AS drug_type_concept_id, NULL AS stop_reason,
     1 AS refills, 30 AS quantity, 30 AS days_supply, NULL AS sig, 0 AS route_concept_id, hash(i, 'v') % 1000000 AS visit_occurrence_id,
     'some drug 20 mg' AS drug_source_value, 0 AS drug_source_concept_id`,
  ],
  procedure_occurrence: [
    0.1,
    `${concept('procedure')} AS procedure_concept_id, CAST(t AS DATE) AS procedure_date, t AS procedure_datetime,
     38000275 AS procedure_type_concept_id, 0 AS modifier_concept_id, 1 AS quantity, 'code' AS procedure_source_value,
     0 AS procedure_source_concept_id`,
  ],
  measurement: [
    0.34,
    `${concept('measurement')} AS measurement_concept_id, CAST(t AS DATE) AS measurement_date, t AS measurement_datetime,
     5001 AS measurement_type_concept_id, 0 AS operator_concept_id,
     CASE WHEN ${draw('number')} < 0.85 THEN round(${draw('value')} * 200, 1) END AS value_as_number,
     CASE WHEN ${draw('number')} > 0.95 THEN 45884084 ELSE 0 END AS value_as_concept_id, 8840 AS unit_concept_id, NULL AS range_low,
     NULL AS range_high, hash(i, 'v') % 1000000 AS visit_occurrence_id, 'lab' AS measurement_source_value,
     0 AS measurement_source_concept_id, 'mg/dL' AS unit_source_value, CAST(round(${draw('value')} * 200, 1) AS VARCHAR) AS value_source_value`,
  ],
  observation: [
    0.06,
    `${concept('observation')} AS observation_concept_id, CAST(t AS DATE) AS observation_date, t AS observation_datetime,
     38000276 AS observation_type_concept_id, NULL AS value_as_number, CASE hash(i, 'o') % 3 WHEN 0 THEN 'Y' WHEN 1 THEN 'N' END AS value_as_string,
     0 AS value_as_concept_id, 0 AS unit_concept_id, 0 AS observation_source_concept_id`,
  ],
};

const queries = {
  person: `SELECT i + 1 AS person_id, CASE hash(i, 's') % 2 WHEN 0 THEN 8507 ELSE 8532 END AS gender_concept_id,
      CAST(1930 + hash(i, 'y') % 60 AS INTEGER) AS year_of_birth, CAST(1 + hash(i, 'm') % 12 AS INTEGER) AS month_of_birth,
      CAST(1 + hash(i, 'd') % 28 AS INTEGER) AS day_of_birth, NULL AS birth_datetime, 8527 AS race_concept_id,
      38003564 AS ethnicity_concept_id, CAST(hash(i) AS VARCHAR) AS person_source_value
    FROM range(${persons}) r(i)`,
  death: `SELECT i * 20 + 1 AS person_id, DATE '2023-01-01' AS death_date, NULL AS death_datetime, 32815 AS death_type_concept_id
    FROM range(${persons} // 20) r(i)`,
  concept: Object.values(vocabularies)
    .map(
      ({ vocabulary, first, concepts }) =>
        `SELECT ${first} + i AS concept_id, 'the concept ' || i AS concept_name, '${vocabulary}' AS vocabulary_id,
          CAST(${first} + i AS VARCHAR) AS concept_code FROM range(${concepts}) r(i)`,
    )
    .concat(
      `SELECT 45884084, 'Positive', 'LOINC', 'LA6576-8'`,
      `SELECT 8840, 'milligram per deciliter', 'UCUM', 'mg/dL'`,
    )
    .concat(`SELECT 9201, 'Inpatient Visit', 'Visit', 'IP'`, `SELECT 9202, 'Outpatient Visit', 'Visit', 'OP'`)
    .concat(`SELECT 9203, 'Emergency Room Visit', 'Visit', 'ER'`)
    .join(' UNION ALL '),
};
for (const [name, [share, columns]] of Object.entries(tables)) {
  const rows = Math.round(persons * rowsPerPerson * share);
  queries[name] = `SELECT i + 1 AS ${name}_id, CAST(${person} AS BIGINT) AS person_id, ${columns}
    FROM (SELECT i, ${time(name)} AS t FROM range(${rows}) r(i))`;
}

await mkdir(folder, { recursive: true });
const instance = await DuckDBInstance.create(':memory:', { preserve_insertion_order: 'false', memory_limit: '2GB' });
const connection = await instance.connect();
for (const [name, query] of Object.entries(queries)) {
  const target = join(folder, `${name}.${format}`).replaceAll("'", "''");
  await connection.run(`COPY (${query}) TO '${target}' ${formats[format]}`);
}
connection.closeSync();
instance.closeSync();
