/** The work of the playground: runs and checks of any protocol, in slices, so that something else may be asked meanwhile. */

import { renderProgress, renderResult } from '../../checker.ts';
import type { Clock } from '../../environment/clock.ts';
import { messageOf } from '../../environment/message.ts';
import type { Protocol } from '../../proof/protocol.ts';
import { protocols } from '../../proof/protocols.ts';
import { allFaults, planSeed } from '../../simulator/plan.ts';
import type { RunResult } from '../../simulator/run.ts';
import { checkFeed, counterexampleOf } from '../check-feed.ts';
import type { FeedItem } from '../feed.ts';
import type { PlaygroundRun } from '../model/playground-run.ts';
import { runFeed } from '../run-feed.ts';
import type { Asked, Choice, PlaygroundCheck, Said } from './contract.ts';

/** What the work is done with. */
export interface Workplace {
  readonly clock: Pick<Clock, 'nowMs'>;
  say(said: Said): void;
  /** Resolves in a later turn, once promises have settled and what was asked meanwhile was heard. */
  turn(): Promise<void>;
  /** Whether nothing else was asked since. */
  isCurrent(id: number): boolean;
}

/** So long works a slice, in milliseconds. */
const sliceMs = 30;
/** A browser's tab has less memory and patience than a command line. */
const maxStates = 100_000;
const maxSeconds = 60;

/** The protocols to choose from. */
export const choices = (): readonly Choice[] =>
  protocols.map((protocol) => ({
    name: protocol.name,
    about: protocol.about,
    minNodes: protocol.scenario().minNodes,
    twins: protocol.twins.map(({ name, simulator, checker }) => ({
      name,
      isSimulated: simulator !== undefined,
      isChecked: checker !== undefined,
    })),
    systems: protocol.examples.map((given) => protocol.commandLine(given)),
  }));

/** Does what is asked, and says what comes of it; nothing of what is no longer asked. */
export async function work(asked: Asked, place: Workplace): Promise<void> {
  const { id } = asked;
  try {
    if (asked.type === 'run') await play(id, asked.run, place);
    else look(id, asked.check, place);
  } catch (error) {
    place.say({ type: 'failed', id, why: messageOf(error) });
  }
}

function protocolOf(name: string, twin: string | undefined): Protocol {
  const found = protocols.find((it) => it.name === name);
  if (found === undefined) throw new RangeError(`expected one of the protocols, got '${name}'`);
  if (twin !== undefined && !found.twins.some((it) => it.name === twin)) {
    throw new RangeError(`expected a twin of ${name}, got '${twin}'`);
  }
  return found;
}

async function play(
  id: number,
  { protocol: name, twin, nodes, seed, isFaulty, edits }: PlaygroundRun,
  place: Workplace,
) {
  const protocol = protocolOf(name, twin);
  const scenario = protocol.scenario(twin);
  const { awaits = false, minNodes } = scenario;
  const schedule = planSeed(scenario, { seed, nodes: Math.max(nodes, minNodes), faults: isFaulty ? allFaults : [] });
  const feed = runFeed({
    protocol,
    ...(twin === undefined ? {} : { twin }),
    schedule,
    edits,
    drawsFates: true,
    isNetworkFaulty: isFaulty,
  });
  let items: FeedItem[] = [];
  let sinceMs = place.clock.nowMs();
  for (;;) {
    const { done, value } = feed.next();
    if (done === true) {
      place.say({ type: 'items', id, items });
      place.say({ type: 'done', id, text: runText(value), details: '' });
      return;
    }
    items.push(...value);
    const isOver = place.clock.nowMs() - sinceMs >= sliceMs;
    if (isOver && items.length > 0) {
      place.say({ type: 'items', id, items });
      items = [];
    }
    if (isOver || awaits) await place.turn();
    if (isOver) sinceMs = place.clock.nowMs();
    if (!place.isCurrent(id)) return;
  }
}

function runText({ violation, virtualMs, events, faults }: RunResult): string {
  const all = `${(virtualMs / 1_000).toFixed(1)} s of virtual time, ${events} events, ${faults} faults`;
  return violation === undefined
    ? `${all}: what must hold held, and the healed quorum went on.`
    : `${all}: ${violation.kind} violated. ${violation.problem}`;
}

function look(id: number, { protocol: name, twin, system }: PlaygroundCheck, { clock, say }: Workplace): void {
  const protocol = protocolOf(name, twin);
  const given = twin === undefined ? protocol.examples[system] : {};
  if (given === undefined) throw new RangeError(`expected one of ${protocol.examples.length} systems, got ${system}`);
  const result = protocol.check(
    given,
    {
      // It measures how long the check takes; no timer is set.
      clock: { ...stillClock, nowMs: clock.nowMs },
      maxStates,
      maxSeconds,
      tellsCharts: true,
      onProgress: (progress) => say({ type: 'progress', id, text: renderProgress(progress) }),
    },
    twin,
  );
  const counterexample = counterexampleOf(result);
  const items = counterexample === undefined ? [] : checkFeed(result.model, counterexample);
  say({ type: 'items', id, items });
  const found =
    counterexample === undefined
      ? result.complete
        ? 'every property holds in every run of it'
        : 'nothing was found before a limit came'
      : `'${counterexample.name}' is violated in ${counterexample.trace.steps.length} steps`;
  const text = `${result.states.toLocaleString('en')} states in ${result.seconds.toFixed(1)} s: ${found}.`;
  say({ type: 'done', id, text, details: renderResult(result) });
}

const stillClock: Omit<Clock, 'nowMs'> = {
  setTimeout: () => 0,
  clearTimeout: () => {},
  enqueue: () => {},
};
