/** Reasons can hold a name out of the data, such as a resource type; there are not more than this many. */
const maxReasons = 200;

/** Counts by reason what was read and gave no event. */
export class Skips {
  readonly counts: Record<string, number> = {};

  add(reason: string, count = 1): void {
    const isNew = !Object.hasOwn(this.counts, reason);
    const name = isNew && Object.keys(this.counts).length >= maxReasons ? 'other' : reason;
    this.counts[name] = (this.counts[name] ?? 0) + count;
  }

  /** A resource of a type that is not read. */
  addType(type: unknown): void {
    this.add(typeof type === 'string' && /^[A-Za-z]{1,40}$/.test(type) ? `not-read:${type}` : 'no-resource-type');
  }
}
