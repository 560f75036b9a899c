interface Closable {
  close(): Promise<void>;
}

/** Files that are opened when they are needed and stay open for a while: rows in another order may ask for thousands of chunks in turn. */
export class OpenFiles<T extends Closable> {
  readonly #open: (file: number) => Promise<T>;
  readonly #most: number;
  /** The one that was used last is last. */
  readonly #files = new Map<number, Promise<T>>();

  constructor(open: (file: number) => Promise<T>, most = 64) {
    this.#open = open;
    this.#most = most;
  }

  get(file: number): Promise<T> {
    const opened = this.#files.get(file) ?? this.#open(file);
    this.#files.delete(file);
    this.#files.set(file, opened);
    return opened;
  }

  /** Closes those that were not used lately. Nobody may be reading. */
  async trim(most = this.#most): Promise<void> {
    for (const [file, opened] of this.#files) {
      if (this.#files.size <= most) return;
      this.#files.delete(file);
      await opened.then(
        (one) => one.close(),
        () => undefined,
      );
    }
  }

  close(): Promise<void> {
    return this.trim(0);
  }
}
