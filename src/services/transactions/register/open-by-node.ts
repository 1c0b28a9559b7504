/**
 * The transactions that are not ended, by the node whose coordinator owns them, in their order: so that a page of those of
 * one node is read without a look at all others. Each node's are kept in runs of limited length, so that one more or less
 * moves few.
 */

const longestRun = 512;

/** Texts in ascending order. */
class SortedTexts {
  /** None is empty. */
  readonly #runs: string[][] = [];

  get isEmpty(): boolean {
    return this.#runs.length === 0;
  }

  add(text: string): void {
    const place = Math.max(0, this.#runOf(text));
    const run = this.#runs[place];
    if (run === undefined) {
      this.#runs.push([text]);
      return;
    }
    const at = placeIn(run, text);
    if (run[at] === text) return;
    run.splice(at, 0, text);
    if (run.length > longestRun) this.#runs.splice(place + 1, 0, run.splice(longestRun / 2));
  }

  remove(text: string): void {
    const place = this.#runOf(text);
    const run = this.#runs[place];
    if (run === undefined) return;
    const at = placeIn(run, text);
    if (run[at] !== text) return;
    run.splice(at, 1);
    if (run.length === 0) this.#runs.splice(place, 1);
  }

  /** The first `count` of those that come after `text`. */
  after(text: string, count: number): readonly string[] {
    const found: string[] = [];
    for (let place = Math.max(0, this.#runOf(text)); found.length < count; place += 1) {
      const run = this.#runs[place];
      if (run === undefined) break;
      const from = placeIn(run, text);
      const first = run[from] === text ? from + 1 : from;
      found.push(...run.slice(first, first + count - found.length));
    }
    return found;
  }

  /** The last run that begins no later than `text`; -1 when all begin later. */
  #runOf(text: string): number {
    return firstPlace(this.#runs.length, (place) => (this.#runs[place]?.[0] ?? '') > text) - 1;
  }
}

/** Where `text` stands in `run`, or would. */
const placeIn = (run: readonly string[], text: string): number =>
  firstPlace(run.length, (place) => (run[place] ?? '') >= text);

/** The first of `count` places for which `holds`, as it does for all that follow. */
function firstPlace(count: number, holds: (place: number) => boolean): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

export class OpenByNode {
  readonly #nodes = new Map<string, SortedTexts>();

  add(node: string, transaction: string): void {
    let texts = this.#nodes.get(node);
    if (texts === undefined) {
      texts = new SortedTexts();
      this.#nodes.set(node, texts);
    }
    texts.add(transaction);
  }

  remove(node: string, transaction: string): void {
    const texts = this.#nodes.get(node);
    texts?.remove(transaction);
    if (texts?.isEmpty === true) this.#nodes.delete(node);
  }

  /** The first `count` transactions of `node` after `transaction`. */
  after(node: string, transaction: string, count: number): readonly string[] {
    return this.#nodes.get(node)?.after(transaction, count) ?? [];
  }

  clear(): void {
    this.#nodes.clear();
  }
}
