/** What the tests of Paxos's roles are written with: three acceptors, two proposers, their ballots and messages. */

import type { Address } from '../../../statecharts/actor.ts';
import { acceptorAddress, acceptorsOf, type Ballot } from '../../../statecharts/paxos.ts';

export const a1 = acceptorAddress('n1', 'agree', 'k');
export const a2 = acceptorAddress('n2', 'agree', 'k');
export const a3 = acceptorAddress('n3', 'agree', 'k');
export const acceptors = acceptorsOf([a1, a2, a3]);
/** The same acceptors, of which all have to accept. */
export const others = acceptorsOf([a1, a2, a3], { phase1Size: 1, phase2Size: 3 });

export const p1: Address = 'n1/paxos.proposer/agree/k';
export const p2: Address = 'n2/paxos.proposer/agree/k';
export const ballot = (round: number, proposer: Address = p1): Ballot => ({ round, proposer });

export const prepare = (at: Ballot) => ({ type: 'prepare', ballot: at, acceptors, from: at.proposer }) as const;
export const accept = (at: Ballot, value: string) =>
  ({ type: 'accept', ballot: at, acceptors, value, from: at.proposer }) as const;

export const sent = (to: Address, message: object) => ({ type: 'send', to, message });
export const written = (record: object) => ({ type: 'persist', record, checkpoint: true });
export const told = (output: object) => ({ type: 'deliver', output });
