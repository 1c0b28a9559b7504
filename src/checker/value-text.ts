/** Where a chart stands, in words. */

/** `{ listening: 'trusting', beating: {} }` as `beating, listening.trusting`. */
export function valueText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return '';
  const parts = Object.entries(value).map(([name, below]) => {
    const text = valueText(below);
    return text === '' ? name : `${name}.${text}`;
  });
  return parts.sort().join(', ');
}
