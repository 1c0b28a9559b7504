/** Variants of the Raft server that are not wrong, but allow more than the true one does. */

import type { RaftRules } from '../../../statecharts/raft.ts';

/** Takes every pre-vote for granted: a server that stands for election without asking beforehand. */
export const withoutPreVotes = {
  askForPreVotes: ({ configuration }) => ({ context: { leader: null, election: { votes: configuration.voters } } }),
} satisfies Partial<RaftRules>;
