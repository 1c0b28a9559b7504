/** Variants of the Raft server that are not wrong, but allow more than the true one does. */

import { type Rule, rulesOf } from '../../../statecharts/actor.ts';
import type { Effect, Event } from '../../../statecharts/raft/context.ts';
import { defineServer, type raftServer, type ServerContext, type serverChart } from '../../../statecharts/raft.ts';

const { act } = rulesOf<ServerContext, Event, Effect>();

/** Takes every pre-vote for granted. */
const assumePreVotes: Rule<ServerContext, object | undefined, Effect> = ({ configuration }) => ({
  context: { leader: null, election: { votes: configuration.voters } },
});

/** A server that stands for election without asking beforehand. `chart` is the true one or a twin of it. */
export const withoutPreVotes = (chart: typeof serverChart): typeof raftServer =>
  defineServer(chart.provide({ actions: { askForPreVotes: act(assumePreVotes) } }));
