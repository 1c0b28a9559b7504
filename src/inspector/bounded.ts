/** Bounded renderings of plain data, so that what is shown to a person never grows with what it shows. */

/** How much of a value is shown. */
export interface Bounds {
  /** Nested deeper than this, an object or array shows as `…`. */
  readonly depth: number;
  /** Members of an object or array beyond this many show as their count. */
  readonly members: number;
  /** Longer strings are cut. */
  readonly stringLength: number;
}

export const defaultBounds: Bounds = { depth: 6, members: 32, stringLength: 256 };

/**
 * A copy of `value` within `bounds`: JSON-compatible, bytes as their number, functions and classes by name. What is long and
 * can say itself shorter (`shortened`, as logs can) does.
 */
export function bounded(value: unknown, bounds: Bounds = defaultBounds): unknown {
  if (typeof value === 'string') {
    return value.length <= bounds.stringLength ? value : `${value.slice(0, bounds.stringLength)}… (${value.length})`;
  }
  if (typeof value === 'function') return `${value.name}()`;
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) return `<${value.length} bytes>`;
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (bounds.depth === 0) return '…';
  const inner = { ...bounds, depth: bounds.depth - 1 };
  if (Array.isArray(value)) {
    const shown = value.slice(0, bounds.members).map((item: unknown) => bounded(item, inner));
    return value.length > bounds.members ? [...shown, `… (${value.length})`] : shown;
  }
  if ('shortened' in value && typeof value.shortened === 'function') {
    return bounded(value.shortened(bounds.members), inner);
  }
  if ('toJSON' in value && typeof value.toJSON === 'function') return bounded(value.toJSON(), inner);
  const members = Object.entries(value);
  const shown = members.slice(0, bounds.members).map(([key, member]) => [key, bounded(member, inner)]);
  if (members.length > bounds.members) shown.push(['…', members.length]);
  return Object.fromEntries(shown);
}
