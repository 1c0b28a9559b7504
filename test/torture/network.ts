/** What is done to the network between hosts: one fault after the other, each for a while, and each kind as often as the others. */

import type { Clock } from '../../src/environment/clock.ts';
import { chance, integerBelow, pick, type Random } from '../../src/environment/random.ts';
import type { HistoryRecorder } from '../../src/history.ts';
import type { Heal, Host, Hosts, Way } from '../fixtures/hosts.ts';
import { waitMs } from './faults.ts';

export type Link = readonly [Host, Host];

export interface NetworkOptions {
  readonly net: Hosts;
  /** Between which hosts there is anything to say. */
  readonly links: readonly Link[];
  /** What else can be done, by its name. */
  readonly faults: Readonly<Record<string, () => Promise<Heal>>>;
  /** Whom faults of one host prefer, if it is known. */
  readonly favourite: () => Promise<Host | undefined>;
  readonly clock: Clock;
}

export interface NetworkParts {
  readonly recorder: HistoryRecorder;
  readonly random: Random;
}

/** How often each kind was done. */
export type NetworkCounts = Map<string, number>;

/** What is done, in words for the history, and how to do it. */
interface Plan {
  readonly what: string;
  readonly begin: () => Promise<Heal>;
}

interface Draw extends NetworkOptions {
  readonly random: Random;
  readonly host: Host;
  readonly link: Link;
}

const both = ([one, other]: Link): readonly Way[] => [
  { from: one, to: other },
  { from: other, to: one },
];
const waysOf = ({ links }: Draw): readonly Way[] => links.flatMap(both);
const told = (ways: readonly Way[]): string => ways.map(({ from, to }) => `${from.name}>${to.name}`).join(' ');

/** The kinds. Each draws from the links and hosts, and says what it will do. */
const plans = {
  cut: (draw: Draw) => cutting(draw, both(draw.link)),
  'one-way': (draw: Draw) => cutting(draw, both(draw.link).slice(0, 1)),
  isolated: (draw: Draw) =>
    cutting(
      draw,
      waysOf(draw).filter(({ from, to }) => from === draw.host || to === draw.host),
    ),
  deaf: (draw: Draw) =>
    cutting(
      draw,
      waysOf(draw).filter(({ to }) => to === draw.host),
    ),
  mute: (draw: Draw) =>
    cutting(
      draw,
      waysOf(draw).filter(({ from }) => from === draw.host),
    ),
  split(draw: Draw) {
    const all = [...new Set(draw.links.flat())];
    const side = new Set(shuffled(draw.random, all).slice(0, Math.floor(all.length / 2)));
    return cutting(
      draw,
      waysOf(draw).filter(({ from, to }) => side.has(from) !== side.has(to)),
    );
  },
  loss({ net, host, random }: Draw): Plan {
    const percent = 2 + integerBelow(random, 24);
    return { what: `${host.name} ${percent} %`, begin: () => net.lose(host, percent) };
  },
  rate({ net, host, random }: Draw): Plan {
    const kilobits = 256 * 2 ** integerBelow(random, 4);
    return { what: `${host.name} ${kilobits} kbit/s`, begin: () => net.limit(host, kilobits) };
  },
  delay(draw: Draw): Plan {
    const ms = 5 + integerBelow(draw.random, 150);
    const ways = waysOf(draw).filter(({ from, to }) => from === draw.host || to === draw.host);
    return { what: `${draw.host.name} ${ms} ms`, begin: () => draw.net.delay(ways, ms) };
  },
} as const satisfies Readonly<Record<string, (draw: Draw) => Plan>>;

const cutting = ({ net }: Draw, ways: readonly Way[]): Plan => ({ what: told(ways), begin: () => net.cut(ways) });

const shuffled = <T>(random: Random, items: readonly T[]): readonly T[] =>
  items
    .map((item) => ({ item, order: random.next() }))
    .sort((left, right) => left.order - right.order)
    .map(({ item }) => item);

/** The kinds of faults that there are. */
export const kindsOf = ({ faults }: Pick<NetworkOptions, 'faults'>): readonly string[] => [
  ...Object.keys(plans),
  ...Object.keys(faults),
];

/** The first of those that were done least often. */
const rarest = (counts: NetworkCounts, kinds: readonly string[]): string => {
  const countOf = (kind: string): number => counts.get(kind) ?? 0;
  return kinds.reduce((best, kind) => (countOf(kind) < countOf(best) ? kind : best));
};

const isNetworkFault = (kind: string): kind is keyof typeof plans => Object.hasOwn(plans, kind);

function planOf(kind: string, draw: Draw): Plan {
  if (isNetworkFault(kind)) return plans[kind](draw);
  const begin = draw.faults[kind];
  if (begin === undefined) throw new Error(`no fault ${kind}`);
  return { what: kind, begin };
}

/** Disturbs until `isOver`. All is well again when it resolves. */
export async function disturb(
  options: NetworkOptions,
  { recorder, random }: NetworkParts,
  isOver: () => boolean,
  counts: NetworkCounts,
): Promise<void> {
  const { clock, favourite, links } = options;
  const hosts = [...new Set(links.flat())];
  while (!isOver()) {
    const kind = rarest(counts, shuffled(random, kindsOf(options)));
    const host = (chance(random, 0.5) ? await favourite() : undefined) ?? pick(random, hosts);
    const link = pick(random, links);
    if (host === undefined || link === undefined) return;
    const turned: Link = chance(random, 0.5) ? link : [link[1], link[0]];
    const plan = planOf(kind, { ...options, random, host, link: turned });
    const over = recorder.fault(kind, plan.what);
    const heal = await plan.begin();
    try {
      await waitMs(clock, 300 + integerBelow(random, 2_000));
    } finally {
      await heal();
    }
    over();
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
    await waitMs(clock, 300 + integerBelow(random, 1_200));
  }
}
