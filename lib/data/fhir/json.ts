/** Parts of a resource, which may hold anything: what has another type than it should counts as absent. */
export type Json = Readonly<Record<string, unknown>>;

export function asObject(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}

/** The objects of a list; an object that stands where a list should counts as a list of one. */
export function asObjects(value: unknown): Json[] {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  return list.map(asObject).filter((item) => item !== undefined);
}

export function asText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** What lies at `a.b`; the first of a list where there is one. */
export function at(object: Json, path: string): unknown {
  let value: unknown = object;
  for (const key of path.split('.')) {
    const holder: unknown = Array.isArray(value) ? value[0] : value;
    value = asObject(holder)?.[key];
  }
  return Array.isArray(value) ? value[0] : value;
}
