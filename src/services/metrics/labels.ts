/** Labels are bounded: what has none of its own is added up under this one, which no node and no resource has as its name. */
export const others = '(others)';
