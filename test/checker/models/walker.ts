/**
 * An actor that walks a graph that is made up: at each place a request or a timer may lead to another place, or not. It
 * is as small as a system can be, so that everything about its runs can be told by trying all of them.
 */

import * as v from 'valibot';
import { setup } from 'xstate';
import {
  actorOf,
  type Budget,
  defineModel,
  type FairSteps,
  type Model,
  request,
  type Strength,
} from '../../../src/checker.ts';
import { defineActor, fixed, named, rulesOf } from '../../../statecharts/actor.ts';

/** A way from one place to another, by the request or the timer of a number. */
export interface Way {
  readonly from: number;
  readonly by: 'request' | 'timer';
  readonly number: number;
  readonly to: number;
}

/** At a place, each request and each timer has at most one way. */
export interface Walk {
  readonly places: number;
  /** Where it may begin. */
  readonly begins: readonly number[];
  readonly ways: readonly Way[];
  readonly requests: readonly { readonly fair?: Strength | undefined; readonly times?: number | undefined }[];
  readonly timers: readonly { readonly fair?: Strength | undefined; readonly budget?: number | undefined }[];
  /** Fairness of the walker as a whole: that it goes on, by whatever request. */
  readonly goesOn?: Strength | undefined;
  /** The place that is beyond the boundary. */
  readonly beyond?: number | undefined;
  /** The places one of which must be reached. */
  readonly goals: readonly number[];
}

const unlimited: Budget = 'unlimited';

type Event = { readonly type: string };
const { bind } = rulesOf<{ readonly at: number }, Event, never>();
const placeName = (place: number): string => `p${place}`;
const numbered = <T>(count: number, of: (number: number) => readonly [string, T]): Record<string, T> =>
  Object.fromEntries(Array.from({ length: count }, (_, number) => of(number)));

function walkerOf({ places, ways, requests, timers }: Walk) {
  const delays = numbered(timers.length, (number) => [`t${number}`, fixed(10)]);
  const wayOf = (from: number, by: Way['by'], number: number): Way | undefined =>
    ways.find((way) => way.from === from && way.by === by && way.number === number);
  const chart = setup({
    types: { context: {} as { readonly at: number }, events: {} as Event, input: {} as { readonly at: number } },
    delays: named(delays),
    ...bind(numbered(places, (place) => [`begins${place}`, ({ at }: { readonly at: number }) => at === place])),
  }).createMachine({
    id: 'walker',
    context: ({ input }) => input,
    initial: 'beginning',
    states: {
      beginning: {
        on: numbered(requests.length, (number) => [`r${number}`, {}]),
        always: Array.from({ length: places }, (_, place) => ({
          guard: `begins${place}`,
          target: placeName(place),
        })),
      },
      ...numbered(places, (place) => [
        placeName(place),
        {
          on: numbered(requests.length, (number) => {
            const way = wayOf(place, 'request', number);
            return [`r${number}`, way === undefined ? {} : { target: placeName(way.to) }];
          }),
          after: Object.fromEntries(
            timers.flatMap((_timer, number) => {
              const way = wayOf(place, 'timer', number);
              return way === undefined ? [] : [[`t${number}`, { target: placeName(way.to), reenter: true }]];
            }),
          ),
        },
      ]),
    },
  });
  return defineActor({
    name: 'walker',
    chart,
    delays,
    requests: numbered(requests.length, (number) => [`r${number}`, v.object({})]),
    input: (_recovered: undefined, { input }: { input: number }) => ({ at: input }),
  });
}

/** The model of a walk. */
export function walkModel(walk: Walk): Model {
  const definition = walkerOf(walk);
  const [first = 0] = walk.begins;
  const walker = actorOf(definition, 'n', { input: first });
  const fair: FairSteps[] = walk.timers.flatMap(({ fair: strength }, number) =>
    strength === undefined ? [] : [{ steps: 'timer' as const, named: [`t${number}`], strength }],
  );
  if (walk.goesOn !== undefined) fair.push({ steps: ['request'], per: 'actor', strength: walk.goesOn });
  const timers: Record<string, Budget> = {};
  walk.timers.forEach(({ budget = unlimited }, number) => {
    if (walk.ways.some((way) => way.by === 'timer' && way.number === number)) timers[`t${number}`] = budget;
  });
  return defineModel<unknown>({
    name: 'walk',
    actors: [walker],
    starts: Object.fromEntries(
      walk.begins.map((place) => [placeName(place), { actors: [actorOf(definition, 'n', { input: place })] }]),
    ),
    requests: walk.requests.map(({ fair: strength, times = unlimited }, number) =>
      request(walker, { type: `r${number}` }, { times, ...(strength === undefined ? {} : { fair: strength }) }),
    ),
    timers,
    deliveries: 'handled',
    fair,
    boundary: (state) => walk.beyond === undefined || state.of(walker).snapshot?.value !== placeName(walk.beyond),
    eventually: {
      arrives: { holds: (state) => walk.goals.some((goal) => state.of(walker).snapshot?.value === placeName(goal)) },
    },
  });
}
