/** Replays an incident: what clients saw while the faults lasted, and whether everything that is claimed was kept. */

import { runAsync } from '../../simulator/run.ts';
import type { AnyScenario, Application, OperationEnd, Watch } from '../../simulator/scenario.ts';
import type { PlannedOperation } from '../../simulator/schedule.ts';
import type { Incident } from './incident.ts';

/** What a replay came to. Times are virtual milliseconds. */
export interface Replay {
  readonly seed: number;
  /** What was claimed and not kept, or expected and missed; undefined where all is well. */
  readonly problem: string | undefined;
  /** Writes that clients began from the beginning of the faults on, by how they ended until everything was over. */
  readonly acknowledged: number;
  readonly refused: number;
  readonly unknown: number;
  /** From the beginning of the faults until a write was acknowledged that was begun after it. */
  readonly nextWriteMs: number | undefined;
  /** From their end on, likewise. */
  readonly afterwardsMs: number | undefined;
  /** The digest of everything that happened: the same for the same seed. */
  readonly digest: string;
}

interface Seen {
  readonly begunMs: number;
  readonly endedMs: number;
  readonly end: OperationEnd['type'];
}

/** Plays `incident` out. The same seed gives the same replay. */
export async function replayIncident(incident: Incident, seed: number = incident.seed): Promise<Replay> {
  const { during } = incident;
  const begun = new Map<PlannedOperation, number>();
  const seen: Seen[] = [];
  const recorder: Pick<Watch<Application>, 'invoked' | 'ended'> = {
    invoked: (operation, nowMs) => void (incident.isWrite(operation) && begun.set(operation, nowMs)),
    ended(operation, end, endedMs) {
      const begunMs = begun.get(operation);
      if (begunMs !== undefined && begunMs >= during.atMs) seen.push({ begunMs, endedMs, end: end.type });
    },
  };
  const { violation, log, goals } = await runAsync(watchedBy(incident.scenario(), recorder), incident.schedule(seed));
  const count = (end: OperationEnd['type']): number => seen.filter((it) => it.end === end).length;
  const first = (sinceMs: number): number | undefined => {
    const times = seen.flatMap(({ begunMs, endedMs, end }) => (end === 'ok' && begunMs >= sinceMs ? endedMs : []));
    return times.length === 0 ? undefined : Math.min(...times) - sinceMs;
  };
  const told = { nextWriteMs: first(during.atMs), afterwardsMs: first(during.untilMs) };
  return {
    seed,
    problem: violation?.problem ?? unseen(incident, goals) ?? missed(incident, told),
    acknowledged: count('ok'),
    refused: count('failed'),
    unknown: count('unknown'),
    ...told,
    digest: log.digest,
  };
}

function unseen({ mustHappen }: Incident, goals: ReadonlySet<string>): string | undefined {
  const missing = mustHappen.filter((goal) => !goals.has(goal));
  return missing.length === 0 ? undefined : `it did not happen that ${missing.join(', or that ')}`;
}

function missed(
  { goesOnWithinMs, recoversWithinMs }: Incident,
  { nextWriteMs = Infinity, afterwardsMs = Infinity }: Pick<Replay, 'nextWriteMs' | 'afterwardsMs'>,
): string | undefined {
  if (goesOnWithinMs !== undefined && nextWriteMs > goesOnWithinMs) {
    return `expected a write within ${goesOnWithinMs} ms of the fault, got one after ${Math.round(nextWriteMs)} ms`;
  }
  if (afterwardsMs <= recoversWithinMs) return undefined;
  return `expected a write within ${recoversWithinMs} ms of the end, got one after ${Math.round(afterwardsMs)} ms`;
}

/** The scenario with all that it claims, which `recorder` watches as well. */
function watchedBy<App extends Application>(
  scenario: AnyScenario<App>,
  recorder: Pick<Watch<App>, 'invoked' | 'ended'>,
): AnyScenario<App> {
  const both = (watch: Watch<App>): Watch<App> => ({
    ...watch,
    invoked(operation, nowMs) {
      watch.invoked?.(operation, nowMs);
      recorder.invoked?.(operation, nowMs);
    },
    ended(operation, end, nowMs) {
      watch.ended?.(operation, end, nowMs);
      recorder.ended?.(operation, end, nowMs);
    },
  });
  if (!('stage' in scenario)) return { ...scenario, watch: () => both(scenario.watch()) };
  return {
    ...scenario,
    stage(parts) {
      const stage = scenario.stage(parts);
      return { ...stage, watch: () => both(stage.watch()) };
    },
  };
}
