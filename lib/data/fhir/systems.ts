/** Vocabularies as OMOP and CLMBR call them, by the URI and the object identifier of the code system. */
const systems: readonly (readonly [vocabulary: string, ...names: string[]])[] = [
  ['SNOMED', 'snomed.info/sct', '2.16.840.1.113883.6.96'],
  ['LOINC', 'loinc.org', '2.16.840.1.113883.6.1'],
  ['RxNorm', 'www.nlm.nih.gov/research/umls/rxnorm', '2.16.840.1.113883.6.88'],
  ['CVX', 'hl7.org/fhir/sid/cvx', '2.16.840.1.113883.12.292', '2.16.840.1.113883.6.59'],
  ['ICD10CM', 'hl7.org/fhir/sid/icd-10-cm', '2.16.840.1.113883.6.90'],
  ['ICD10', 'hl7.org/fhir/sid/icd-10', '2.16.840.1.113883.6.3'],
  ['ICD10PCS', 'www.cms.gov/medicare/coding/icd10', 'hl7.org/fhir/sid/icd-10-pcs', '2.16.840.1.113883.6.4'],
  ['ICD9CM', 'hl7.org/fhir/sid/icd-9-cm', 'hl7.org/fhir/sid/icd-9-cm/diagnosis', '2.16.840.1.113883.6.103'],
  ['ICD9Proc', 'hl7.org/fhir/sid/icd-9-cm/procedure', '2.16.840.1.113883.6.104'],
  ['CPT4', 'www.ama-assn.org/go/cpt', '2.16.840.1.113883.6.12'],
  [
    'HCPCS',
    'www.cms.gov/medicare/coding/hcpcsreleasecodesets',
    'terminology.hl7.org/codesystem/hcpcs-all-codes',
    '2.16.840.1.113883.6.285',
    '2.16.840.1.113883.6.14',
  ],
  ['NDC', 'hl7.org/fhir/sid/ndc', '2.16.840.1.113883.6.69'],
  ['ATC', 'www.whocc.no/atc', '2.16.840.1.113883.6.73'],
  ['ICDO3', 'terminology.hl7.org/codesystem/icd-o-3', '2.16.840.1.113883.6.43.1'],
];

const byName = new Map(systems.flatMap(([vocabulary, ...names]) => names.map((name) => [name, vocabulary])));

/** The vocabulary of a code system, given by URI (in any letter case, over http or https) or as `urn:oid:`. */
export function vocabularyOf(system: string): string | undefined {
  const name = withoutSlashes(
    system
      .trim()
      .toLowerCase()
      .replace(/^(https?:\/\/|urn:oid:)/, ''),
  );
  // Editions and versions of SNOMED CT come behind its URI.
  return byName.get(name.startsWith('snomed.info/sct/') ? 'snomed.info/sct' : name);
}

/** Without those at the end. As a regular expression, it would look again from each slash of a text that is made of them. */
function withoutSlashes(name: string): string {
  let end = name.length;
  while (name[end - 1] === '/') end--;
  return name.slice(0, end);
}

/** A code as the vocabularies write it: NDC with all eleven digits and without hyphens. */
export function normalCode(vocabulary: string, code: string): string {
  const parts = vocabulary === 'NDC' ? /^(\d{4,5})-(\d{3,4})-(\d{1,2})$/.exec(code) : null;
  if (parts === null) return code;
  return parts[1]!.padStart(5, '0') + parts[2]!.padStart(4, '0') + parts[3]!.padStart(2, '0');
}
