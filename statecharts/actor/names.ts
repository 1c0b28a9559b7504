/** The names by which charts call their actions and guards. */

/** The name in `'name'` or `{ type: 'name' }`; of a built-in action, which is a function, only when asked for. */
export function nameOf(reference: unknown, builtIn = false): string | undefined {
  if (typeof reference === 'string') return reference;
  const bearer = typeof reference === 'object' || (builtIn && typeof reference === 'function') ? reference : null;
  if (bearer === null || bearer === undefined || !('type' in bearer)) return undefined;
  return typeof bearer.type === 'string' ? bearer.type : undefined;
}
