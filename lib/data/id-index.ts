const empty = 0;

/**
 * Numbers 64-bit identifiers in the order in which they come: 0, 1, 2... Some 20 bytes each, so that millions of patients can be kept in mind.
 */
export class IdIndex {
  #ids = new BigInt64Array(16);
  /** Number + 1 of the identifier in each place, or `empty`. */
  #places = new Int32Array(64);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The identifier with a number below `size`. */
  at(number: number): bigint {
    return this.#ids[number]!;
  }

  /** The number of an identifier, or -1. */
  find(id: bigint): number {
    return this.#places[this.#placeOf(id)]! - 1;
  }

  /** The number of an identifier, which is a new one where it equals the size before. */
  add(id: bigint): number {
    const place = this.#placeOf(id);
    const known = this.#places[place]!;
    if (known !== empty) return known - 1;
    if (this.#size === this.#ids.length) {
      const ids = new BigInt64Array(2 * this.#size);
      ids.set(this.#ids);
      this.#ids = ids;
    }
    this.#ids[this.#size] = id;
    this.#places[place] = ++this.#size;
    if (2 * this.#size > this.#places.length) this.#grow();
    return this.#size - 1;
  }

  #placeOf(id: bigint): number {
    const mask = this.#places.length - 1;
    let place = hash(id) & mask;
    for (;;) {
      const number = this.#places[place]!;
      if (number === empty || this.#ids[number - 1] === id) return place;
      place = (place + 1) & mask;
    }
  }

  #grow(): void {
    this.#places = new Int32Array(2 * this.#places.length);
    for (let i = 0; i < this.#size; i++) this.#places[this.#placeOf(this.#ids[i]!)] = i + 1;
  }
}

function hash(id: bigint): number {
  const low = Number(BigInt.asIntN(32, id));
  const high = Number(BigInt.asIntN(32, id >> 32n));
  let mixed = Math.imul(low ^ Math.imul(high, 0x9e3779b1), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
