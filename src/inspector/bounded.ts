/** Bounded renderings of plain data, so that what is shown to a person never grows with what it shows. */

/** How much of a value is shown. */
export interface Bounds {
  /** Nested deeper than this, an object or array shows as `…`. */
  readonly depth: number;
  /** Members of an object or array beyond this many show as their count. */
  readonly members: number;
  /** Longer strings are cut. */
  readonly stringLength: number;
  /** Of what can say itself shorter, such as a log, this many entries are shown. Default: `members`. */
  readonly entries?: number;
}

export const defaultBounds: Bounds = { depth: 6, members: 32, stringLength: 256 };

/**
 * A copy of `value` within `bounds`: JSON-compatible, bytes as their number, functions and classes by name. What is long and
 * can say itself shorter (`shortened`, as logs can) does.
 */
export const bounded = (value: unknown, bounds: Bounds = defaultBounds): unknown =>
  rendered(value, bounds, bounds.depth);

/** Without an object or a closure for each level: nodes do this while they are busy with something else. */
function rendered(value: unknown, bounds: Bounds, depth: number): unknown {
  if (typeof value === 'string') {
    return value.length <= bounds.stringLength ? value : `${value.slice(0, bounds.stringLength)}… (${value.length})`;
  }
  if (typeof value === 'function') return `${value.name}()`;
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) return `<${value.length} bytes>`;
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (depth === 0) return '…';
  if (Array.isArray(value)) return renderedArray(value, bounds, depth - 1);
  if ('shortened' in value && typeof value.shortened === 'function') {
    return rendered(value.shortened(bounds.entries ?? bounds.members), bounds, depth - 1);
  }
  if ('toJSON' in value && typeof value.toJSON === 'function') return rendered(value.toJSON(), bounds, depth - 1);
  return renderedMembers(Object.entries(value), bounds, depth - 1);
}

function renderedArray(items: readonly unknown[], bounds: Bounds, depth: number): unknown[] {
  const shown: unknown[] = [];
  for (const item of items) {
    if (shown.length === bounds.members) {
      shown.push(`… (${items.length})`);
      break;
    }
    shown.push(rendered(item, bounds, depth));
  }
  return shown;
}

function renderedMembers(
  members: readonly (readonly [string, unknown])[],
  bounds: Bounds,
  depth: number,
): Record<string, unknown> {
  const shown: Record<string, unknown> = {};
  let left = bounds.members;
  for (const [key, member] of members) {
    if (left === 0) {
      shown['…'] = members.length;
      break;
    }
    left -= 1;
    // Assigned, it would become the prototype.
    if (key === '__proto__')
      Object.defineProperty(shown, key, { value: rendered(member, bounds, depth), enumerable: true });
    else shown[key] = rendered(member, bounds, depth);
  }
  return shown;
}
