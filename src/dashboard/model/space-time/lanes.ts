/** The lanes of a space-time diagram by name, numbered from above. */
export class Lanes {
  readonly #numbers: Map<string, number>;

  constructor(names: readonly string[]) {
    this.#numbers = new Map(names.map((name, at) => [name, at]));
  }

  of(name: string): number | undefined {
    return this.#numbers.get(name);
  }

  /** The lane of that name; the lowest is made where there is none. */
  ensure(name: string): number {
    const number = this.#numbers.get(name) ?? this.#numbers.size;
    this.#numbers.set(name, number);
    return number;
  }

  names(): readonly string[] {
    return [...this.#numbers.keys()];
  }
}
