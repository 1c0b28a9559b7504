/** A list of 32-bit words that grows by pages, so that growing copies nothing and nothing ends at some power of two. */

const pageBits = 12;
const pageMask = (1 << pageBits) - 1;

/** Elements of `width` words each. */
export interface Words {
  readonly count: number;
  readonly bytes: number;
  /** Appends the first `width` words of `from`. @returns the index of the new element */
  push(from: Uint32Array): number;
  /** Copies element `index` into `into`. */
  read(index: number, into: Uint32Array): void;
  /** Whether element `index` equals the first `width` words of `other`. */
  equals(index: number, other: Uint32Array): boolean;
}

/** Makes an empty list of elements of `width` words. */
export function createWords(width: number): Words {
  const pages: Uint32Array[] = [];
  const none = new Uint32Array(0);
  let count = 0;
  return {
    get count() {
      return count;
    },
    get bytes() {
      return pages.length * (pageMask + 1) * width * 4;
    },
    push(from) {
      const index = count;
      if ((index & pageMask) === 0) pages.push(new Uint32Array((pageMask + 1) * width));
      const page = pages[index >>> pageBits] ?? none;
      const base = (index & pageMask) * width;
      for (let word = 0; word < width; word += 1) page[base + word] = from[word] ?? 0;
      count += 1;
      return index;
    },
    read(index, into) {
      const page = pages[index >>> pageBits] ?? none;
      const base = (index & pageMask) * width;
      for (let word = 0; word < width; word += 1) into[word] = page[base + word] ?? 0;
    },
    equals(index, other) {
      const page = pages[index >>> pageBits] ?? none;
      const base = (index & pageMask) * width;
      for (let word = 0; word < width; word += 1) if (page[base + word] !== other[word]) return false;
      return true;
    },
  };
}
