import type { Concepts } from './concepts.ts';
import type { Json } from './json.ts';
import { asObject, asObjects, asText } from './json.ts';
import { referencedId } from './references.ts';

/** Codes of Medication resources, for those who refer to them. */
export class Medications {
  readonly #concepts: Concepts;
  readonly #codes = new Map<string, readonly string[]>();

  constructor(concepts: Concepts) {
    this.#concepts = concepts;
  }

  /** @param url of the bundle's entry */
  add(medication: Json, url?: string): void {
    const codes = this.#concepts.codesOf(asObject(medication.code));
    const id = asText(medication.id);
    if (id !== undefined) this.#codes.set(id, codes);
    if (url !== undefined) this.#codes.set(url, codes);
  }

  /** The codes of what was given: in the resource itself, in one that it contains, or in one that was added. */
  codesOf(resource: Json): readonly string[] | 'no-code' | 'no-medication' {
    // The second form is that of R5.
    const both = asObject(resource.medication);
    const concept = asObject(resource.medicationCodeableConcept) ?? asObject(both?.concept);
    const own = this.#concepts.codesOf(concept);
    if (own.length > 0) return own;
    const reference = asText((asObject(resource.medicationReference) ?? asObject(both?.reference))?.reference);
    if (reference === undefined) return 'no-code';
    const codes = reference.startsWith('#')
      ? this.#contained(resource, reference.slice(1))
      : (this.#codes.get(reference) ?? this.#codes.get(referencedId(reference, 'Medication') ?? ''));
    if (codes === undefined) return 'no-medication';
    return codes.length > 0 ? codes : 'no-code';
  }

  #contained(resource: Json, id: string): readonly string[] | undefined {
    const medication = asObjects(resource.contained).find((contained) => contained.id === id);
    return medication === undefined ? undefined : this.#concepts.codesOf(asObject(medication.code));
  }
}
