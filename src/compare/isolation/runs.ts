/** The runs of a method whose transactions are judged by isolation levels: one for each isolation, and number of databases. */

import { seededRandomness } from '../../environment/random.ts';
import type { Noted, RunPlan } from '../run.ts';
import { type IsolationFigures, isolationFigures } from './figures.ts';
import type { NotedStatements } from './notes.ts';
import { isolationsAsked } from './statements.ts';
import { meeting, planMeeting } from './workload.ts';

/** What the runs of one seed noted, in the order of `isolationsAsked`. */
export type IsolationRuns = readonly (readonly NotedStatements[])[];

/** Plays the runs of one seed. @param play plays one */
export async function isolationRunsOf(seed: number, play: (plan: RunPlan) => Promise<Noted>): Promise<IsolationRuns> {
  const runs: (readonly NotedStatements[])[] = [];
  for (const asked of isolationsAsked) {
    // The same statements, whatever is asked for.
    const operations = planMeeting(seededRandomness(seed).stream('comparison/isolation'), asked);
    const { statements } = await play({ seed, operations, untilMs: meeting.untilMs });
    runs.push(statements);
  }
  return runs;
}

/** The figures of all seeds. */
export const isolationsFound = (runs: readonly IsolationRuns[]): readonly IsolationFigures[] =>
  isolationsAsked.map((asked, at) =>
    isolationFigures(
      asked,
      runs.map((ofSeed) => ofSeed[at] ?? []),
    ),
  );
