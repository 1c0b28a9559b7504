/**
 * Atomic commitment after Babaoglu and Toueg (Non-Blocking Atomic Commitment, in Mullender, Distributed Systems, 1993),
 * as the specifications ACP_SB and ACP_NB of the TLA+ examples have it: what is sent can be read where it was sent, also
 * after its sender has died, and who is dead is known. With a simple broadcast, a participant may wait for ever for a
 * coordinator that has told others; in the non-blocking protocol it hands on what it is told before it decides.
 *
 * Every step is a request, since each looks at other actors. A vote is a way to begin.
 */

import * as v from 'valibot';
import { setup } from 'xstate';
import { actorOf, defineModel, type Model, type RequestStep, request, type SystemState } from '../../../src/checker.ts';
import { defineActor, rulesOf } from '../../../statecharts/actor.ts';

type Vote = 'yes' | 'no';
type Decision = 'commit' | 'abort';
type Said = Readonly<Record<string, Decision>>;

interface Coordinating {
  readonly requested: readonly string[];
  readonly votes: Readonly<Record<string, Vote>>;
  readonly decision: Decision | 'undecided';
  readonly broadcast: Said;
}
interface Participating {
  readonly vote: Vote;
  readonly hasVoted: boolean;
  readonly decision: Decision | 'undecided';
  /** What it was told, under its own name, and what it has handed on. */
  readonly forward: Said;
}

type CoordinatorEvent =
  | { readonly type: 'ask' | 'broadcast'; readonly to: string }
  | { readonly type: 'count'; readonly of: string; readonly vote: Vote }
  | { readonly type: 'decide'; readonly decision: Decision }
  | { readonly type: 'die' };
type ParticipantEvent =
  | { readonly type: 'vote' | 'die' }
  | { readonly type: 'decide'; readonly decision: Decision }
  | { readonly type: 'hand'; readonly to: string; readonly decision: Decision };

const decision = v.picklist(['commit', 'abort']);
const sorted = <T>(entries: Readonly<Record<string, T>>): Readonly<Record<string, T>> =>
  Object.fromEntries(Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1)));
const event = ({ event: it }: { readonly event: CoordinatorEvent }) => it;
const eventOfParticipant = ({ event: it }: { readonly event: ParticipantEvent }) => it;

const coordinating = rulesOf<Coordinating, CoordinatorEvent, never>();
const coordinatorChart = setup({
  types: { context: {} as Coordinating, events: {} as CoordinatorEvent },
  ...coordinating.bind({
    take: (context, it: CoordinatorEvent) => {
      switch (it.type) {
        case 'ask':
          return { context: { requested: [...context.requested, it.to].sort() } };
        case 'count':
          return { context: { votes: sorted({ ...context.votes, [it.of]: it.vote }) } };
        case 'decide':
          return { context: { decision: it.decision } };
        case 'broadcast':
          return context.decision === 'undecided'
            ? {}
            : { context: { broadcast: sorted({ ...context.broadcast, [it.to]: context.decision }) } };
        case 'die':
          return {};
      }
    },
  }),
}).createMachine({
  id: 'coordinator',
  context: { requested: [], votes: {}, decision: 'undecided', broadcast: {} },
  initial: 'alive',
  states: {
    alive: {
      on: {
        ask: { actions: { type: 'take', params: event } },
        count: { actions: { type: 'take', params: event } },
        decide: { actions: { type: 'take', params: event } },
        broadcast: { actions: { type: 'take', params: event } },
        die: 'dead',
      },
    },
    dead: { on: { ask: {}, count: {}, decide: {}, broadcast: {}, die: {} } },
  },
});
const coordinatorDefinition = defineActor({
  name: 'acp.coordinator',
  chart: coordinatorChart,
  requests: {
    ask: v.object({ to: v.string() }),
    count: v.object({ of: v.string(), vote: v.picklist(['yes', 'no']) }),
    decide: v.object({ decision }),
    broadcast: v.object({ to: v.string() }),
    die: v.object({}),
  },
  input: (_recovered: undefined, _birth: { input: undefined }) => undefined,
});

const participating = rulesOf<Participating, ParticipantEvent, never>();
const participantChart = setup({
  types: {
    context: {} as Participating,
    events: {} as ParticipantEvent,
    input: {} as { readonly vote: Vote },
  },
  ...participating.bind({
    take: (context, it: ParticipantEvent) => {
      switch (it.type) {
        case 'vote':
          return { context: { hasVoted: true } };
        case 'decide':
          return { context: { decision: it.decision } };
        case 'hand':
          return { context: { forward: sorted({ ...context.forward, [it.to]: it.decision }) } };
        case 'die':
          return {};
      }
    },
  }),
}).createMachine({
  id: 'participant',
  context: ({ input }) => ({ vote: input.vote, hasVoted: false, decision: 'undecided', forward: {} }),
  initial: 'alive',
  states: {
    alive: {
      on: {
        vote: { actions: { type: 'take', params: eventOfParticipant } },
        decide: { actions: { type: 'take', params: eventOfParticipant } },
        hand: { actions: { type: 'take', params: eventOfParticipant } },
        die: 'dead',
      },
    },
    dead: { on: { vote: {}, decide: {}, hand: {}, die: {} } },
  },
});
const participantDefinition = defineActor({
  name: 'acp.participant',
  chart: participantChart,
  requests: {
    vote: v.object({}),
    decide: v.object({ decision }),
    hand: v.object({ to: v.string(), decision }),
    die: v.object({}),
  },
  input: (_recovered: undefined, { input }: { input: Vote }) => ({ vote: input }),
});

const withVote = (name: string, vote: Vote) => actorOf(participantDefinition, name, { input: vote });
type Participant = ReturnType<typeof withVote>;

/** What a condition sees of one of them. */
interface Seen<Context> {
  readonly isAlive: boolean;
  readonly context: Context;
}

export interface AtomicCommitmentOptions {
  readonly participants: number;
  readonly broadcast: 'simple' | 'non-blocking';
  /** Whether a participant decides before it has handed on what it was told: a fault. Default false. */
  readonly isHasty?: boolean;
}

/** The model of the protocol. */
export function atomicCommitment({ participants, broadcast, isHasty = false }: AtomicCommitmentOptions): Model {
  const names = Array.from({ length: participants }, (_, index) => `p${index + 1}`);
  const coordinator = actorOf(coordinatorDefinition, 'c', { input: undefined });
  const members = names.map((name) => withVote(name, 'yes'));
  const seeCoordinator = (state: SystemState): Seen<Coordinating> => {
    const { snapshot } = state.of(coordinator);
    if (snapshot === undefined) throw new RangeError('the coordinator is not there');
    return { isAlive: snapshot.value === 'alive', context: snapshot.context };
  };
  const see = (state: SystemState, name: string): Seen<Participating> => {
    const member = members[names.indexOf(name)];
    const snapshot = member && state.of(member).snapshot;
    if (snapshot === undefined) throw new RangeError(`no participant '${name}'`);
    return { isAlive: snapshot.value === 'alive', context: snapshot.context };
  };

  const ofCoordinator: RequestStep[] = [
    ...names.flatMap((name) => [
      request(
        coordinator,
        { type: 'ask', to: name },
        { when: (state: SystemState) => !seeCoordinator(state).context.requested.includes(name) },
      ),
      request(coordinator, (state: SystemState) => {
        const { requested, votes, decision: made } = seeCoordinator(state).context;
        const isWaiting = made === 'undecided' && requested.length === participants && votes[name] === undefined;
        if (!isWaiting) return [];
        const { vote, hasVoted } = see(state, name).context;
        return hasVoted ? [{ type: 'count' as const, of: name, vote }] : [];
      }),
      request(
        coordinator,
        { type: 'decide', decision: 'abort' },
        {
          when: (state: SystemState) => {
            const { requested, votes, decision: made } = seeCoordinator(state).context;
            if (made !== 'undecided' || requested.length < participants || votes[name] !== undefined) return false;
            const { isAlive, context } = see(state, name);
            return !isAlive && !context.hasVoted;
          },
        },
      ),
      request(
        coordinator,
        { type: 'broadcast', to: name },
        {
          when: (state: SystemState) => {
            const { decision: made, broadcast: said } = seeCoordinator(state).context;
            return made !== 'undecided' && said[name] === undefined;
          },
        },
      ),
    ]),
    request(coordinator, (state: SystemState) => {
      const { votes, decision: made } = seeCoordinator(state).context;
      const cast = Object.values(votes);
      if (made !== 'undecided' || cast.length < participants) return [];
      return [{ type: 'decide' as const, decision: cast.includes('no') ? ('abort' as const) : ('commit' as const) }];
    }),
  ];
  const ofParticipant = (member: Participant, name: string): RequestStep[] => {
    const isUndecided = (state: SystemState): boolean => see(state, name).context.decision === 'undecided';
    const decide = (why: (state: SystemState) => Decision | undefined): RequestStep =>
      request(member, (state: SystemState) => {
        const made = why(state);
        return made === undefined ? [] : [{ type: 'decide' as const, decision: made }];
      });
    const both: RequestStep[] = [
      request(
        member,
        { type: 'vote' },
        {
          when: (state: SystemState) =>
            !see(state, name).context.hasVoted && seeCoordinator(state).context.requested.includes(name),
        },
      ),
      decide((state) => {
        const { vote, hasVoted } = see(state, name).context;
        return isUndecided(state) && hasVoted && vote === 'no' ? 'abort' : undefined;
      }),
      decide((state) => {
        if (!isUndecided(state)) return undefined;
        const { isAlive, context } = seeCoordinator(state);
        return !isAlive && !context.requested.includes(name) ? 'abort' : undefined;
      }),
    ];
    if (broadcast === 'simple') {
      return [
        ...both,
        decide((state) => (isUndecided(state) ? seeCoordinator(state).context.broadcast[name] : undefined)),
      ];
    }
    const others = names.filter((other) => other !== name);
    return [
      ...both,
      ...others.flatMap((other) => [
        request(member, (state: SystemState) => {
          const { forward } = see(state, name).context;
          const told = forward[name];
          return told === undefined || forward[other] !== undefined
            ? []
            : [{ type: 'hand' as const, to: other, decision: told }];
        }),
        request(member, (state: SystemState) => {
          if (see(state, name).context.forward[name] !== undefined) return [];
          const told = see(state, other).context.forward[name];
          return told === undefined ? [] : [{ type: 'hand' as const, to: name, decision: told }];
        }),
      ]),
      request(member, (state: SystemState) => {
        if (see(state, name).context.forward[name] !== undefined) return [];
        const told = seeCoordinator(state).context.broadcast[name];
        return told === undefined ? [] : [{ type: 'hand' as const, to: name, decision: told }];
      }),
      // Which of them decides does not depend on whether it has decided before: it may only say the same again.
      decide((state) => {
        const { forward, decision: made } = see(state, name).context;
        const told = forward[name];
        if (told === undefined || made === told) return undefined;
        return isHasty || names.every((other) => forward[other] !== undefined) ? told : undefined;
      }),
      decide((state) => {
        if (!isUndecided(state)) return undefined;
        const { isAlive, context } = seeCoordinator(state);
        if (isAlive) return undefined;
        const all = names.map((it) => ({ name: it, ...see(state, it) }));
        const living = all.filter((it) => it.isAlive);
        const isLost =
          living.every((it) => context.broadcast[it.name] === undefined) &&
          all.every((it) => it.isAlive || living.every((to) => it.context.forward[to.name] === undefined));
        return isLost ? 'abort' : undefined;
      }),
    ];
  };
  const deaths = [request(coordinator, { type: 'die' }), ...members.map((it) => request(it, { type: 'die' }))];
  const everyVote = names.reduce<readonly (readonly Vote[])[]>(
    (votes, _name) => votes.flatMap((some) => [[...some, 'yes'] as const, [...some, 'no'] as const]),
    [[]],
  );
  const decisions = (state: SystemState): (Decision | 'undecided')[] =>
    names.map((name) => see(state, name).context.decision);
  const living = { steps: 'request', named: ['ask', 'count', 'decide', 'broadcast', 'vote', 'hand'] } as const;

  return defineModel<unknown>({
    name: `atomic commitment with a ${broadcast} broadcast, ${participants} participants`,
    actors: [coordinator, ...members],
    starts: Object.fromEntries(
      everyVote.map((votes) => [
        `votes of ${votes.join(', ')}`,
        { actors: votes.map((vote, index) => withVote(names[index] ?? '', vote)) },
      ]),
    ),
    requests: [...ofCoordinator, ...members.flatMap((it, index) => ofParticipant(it, names[index] ?? '')), ...deaths],
    deliveries: 'changing',
    // Each of them goes on as long as it lives; that any of its steps is owed rather than some one is not asked for.
    fair: [{ ...living, per: 'actor' }],
    always: {
      'AC1: no two decide differently': (state) =>
        !(decisions(state).includes('commit') && decisions(state).includes('abort')),
      'AC2: none commits unless all vote yes': (state) =>
        !decisions(state).includes('commit') || names.every((name) => see(state, name).context.vote === 'yes'),
      'AC3: none aborts unless one votes no or has died': (state) =>
        !decisions(state).includes('abort') ||
        !seeCoordinator(state).isAlive ||
        names.some((name) => see(state, name).context.vote === 'no' || !see(state, name).isAlive),
    },
    sometimes: {
      'all commit': (state) => decisions(state).every((made) => made === 'commit'),
      'all abort': (state) => decisions(state).every((made) => made === 'abort'),
    },
    eventually: {
      'AC3: all decide, or one has died': {
        holds: (state) =>
          !decisions(state).includes('undecided') ||
          !seeCoordinator(state).isAlive ||
          names.some((name) => !see(state, name).isAlive),
      },
      'AC5: all decide that do not die': {
        holds: (state) =>
          names.every((name) => !see(state, name).isAlive || see(state, name).context.decision !== 'undecided'),
      },
    },
  });
}
