/** Claims: pure functions over what was observed of a run, which answer with what is wrong. */

/** What is wrong, in words; undefined when nothing is. */
export type Problem = string | undefined;

/** Whether nothing is. */
export const isKept = (problem: Problem): boolean => problem === undefined;

/** The first problem that `claim` finds between two of `observations`. */
export function ofAnyTwo<T>(observations: readonly T[], claim: (one: T, other: T) => Problem): Problem {
  for (const [place, one] of observations.entries()) {
    for (let next = place + 1; next < observations.length; next += 1) {
      const other = observations[next];
      const problem = other === undefined ? undefined : claim(one, other);
      if (problem !== undefined) return problem;
    }
  }
  return undefined;
}
