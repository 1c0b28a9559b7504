/**
 * The two questions to a small Markov decision process, answered the long way: every scheduler without memory is tried, and
 * each leaves a chain, whose equations are solved by elimination. One of these schedulers is always among the best.
 */

/** Of each state its choices; of each of those its outcomes and its reward. */
export type SmallProcess = readonly (readonly SmallChoice[])[];
export interface SmallChoice {
  readonly outcomes: readonly { readonly probability: number; readonly state: number }[];
  readonly reward: number;
}
type Chain = readonly (SmallChoice | undefined)[];

function chainsOf(process: SmallProcess): Chain[] {
  return process.reduce<Chain[]>(
    (chains, choices) =>
      chains.flatMap((chain) => (choices.length === 0 ? [[...chain, undefined]] : choices.map((it) => [...chain, it]))),
    [[]],
  );
}

/** The states from which one of `goal` can be reached. */
function reaching(chain: Chain, goal: ReadonlySet<number>): Set<number> {
  const found = new Set(goal);
  for (let size = -1; size !== found.size; ) {
    size = found.size;
    for (const [state, choice] of chain.entries()) {
      if (choice?.outcomes.some((outcome) => found.has(outcome.state))) found.add(state);
    }
  }
  return found;
}

/** Solves x = b + A x for the given states. */
function solved(
  chain: Chain,
  states: readonly number[],
  constantOf: (choice: SmallChoice) => number,
): Map<number, number> {
  const rows = states.map((state) => {
    const choice = chain[state] ?? { outcomes: [], reward: 0 };
    const coefficients = states.map((other) =>
      choice.outcomes.reduce(
        (sum, outcome) => (outcome.state === other ? sum - outcome.probability : sum),
        other === state ? 1 : 0,
      ),
    );
    return [...coefficients, constantOf(choice)];
  });
  for (const [pivot] of states.entries()) {
    const best = rows.reduce(
      (most, row, place) =>
        place >= pivot && Math.abs(row[pivot] ?? 0) > Math.abs(rows[most]?.[pivot] ?? 0) ? place : most,
      pivot,
    );
    const [one = [], other = []] = [rows[pivot], rows[best]];
    rows[pivot] = other;
    rows[best] = one;
    for (const [place, row] of rows.entries()) {
      if (place === pivot) continue;
      const factor = (row[pivot] ?? 0) / (other[pivot] ?? 1);
      rows[place] = row.map((value, column) => value - factor * (other[column] ?? 0));
    }
  }
  return new Map(states.map((state, place) => [state, (rows[place]?.at(-1) ?? 0) / (rows[place]?.[place] ?? 1)]));
}

function probabilityIn(chain: Chain, goal: ReadonlySet<number>): number {
  if (goal.has(0)) return 1;
  const stopped = chain.map((choice, state) => (goal.has(state) ? undefined : choice));
  const states = [...reaching(stopped, goal)].filter((state) => !goal.has(state));
  const intoGoal = ({ outcomes }: SmallChoice): number =>
    outcomes.reduce((sum, { probability, state }) => (goal.has(state) ? sum + probability : sum), 0);
  return solved(stopped, states, intoGoal).get(0) ?? 0;
}

function expectationIn(chain: Chain, goal: ReadonlySet<number>): number {
  if (goal.has(0)) return 0;
  const stopped = chain.map((choice, state) => (goal.has(state) ? undefined : choice));
  const canReach = reaching(stopped, goal);
  const states = [...reachableIn(stopped)].filter((state) => !goal.has(state));
  if (states.some((state) => !canReach.has(state))) return Number.POSITIVE_INFINITY;
  return solved(stopped, states, ({ reward }) => reward).get(0) ?? 0;
}

function reachableIn(chain: Chain): Set<number> {
  const found = new Set([0]);
  for (const state of found) for (const outcome of chain[state]?.outcomes ?? []) found.add(outcome.state);
  return found;
}

export const byHand = (process: SmallProcess, goal: ReadonlySet<number>) => {
  const chains = chainsOf(process);
  const over = (question: (chain: Chain, goal: ReadonlySet<number>) => number) => {
    const values = chains.map((chain) => question(chain, goal));
    return { least: Math.min(...values), greatest: Math.max(...values) };
  };
  return { probability: over(probabilityIn), expected: over(expectationIn) };
};
