/** What fragments take for granted, by what they say they are a fragment of. */
export const surroundings: Readonly<Record<string, string>> = {
  'an application with a node': `
import type { Node } from 'quorate';
declare const node: Node;
`,
  'an application with a client': `
import type { Client } from 'quorate/store';
declare const client: Client;
declare const bytes: Uint8Array;
`,
  'an application with a manager': `
import type { EmbeddedStore } from 'quorate/resources';
import type { TransactionManager, WorkOf } from 'quorate/transactions';
type Stores = { readonly orders: EmbeddedStore; readonly stock: EmbeddedStore };
declare const manager: TransactionManager<Stores>;
declare const work: (sessions: WorkOf<Stores>) => Promise<void>;
declare const report: typeof work;
declare const requestId: string;
`,
  'an application with databases': `
import type { EnlistedResource } from 'quorate/resources';
import type { PostgresSession } from 'quorate/resources/postgres';
import type { TransactionManager } from 'quorate/transactions';
type Database = EnlistedResource<PostgresSession>;
declare const manager: TransactionManager<{ readonly orders: Database; readonly stock: Database }>;
declare const day: string;
`,
  'an application with a cluster': `
import type { Environment } from 'quorate';
import type { StartNodeOptions } from 'quorate/node';
import type { EmbeddedStore } from 'quorate/resources';
declare const environment: Environment;
declare const { id, directory, listen, peers, secret }: Required<
  Pick<StartNodeOptions, 'id' | 'directory' | 'listen' | 'peers' | 'secret'>
>;
declare const orders: EmbeddedStore;
declare const stock: EmbeddedStore;
declare const voters: readonly string[];
declare const migrate: () => Promise<void>;
`,
  'a program with a history': `
import type { Clock } from 'quorate';
declare const clock: Clock;
declare const file: { write(text: string): void };
declare const lines: Iterable<string>;
`,
  'a model': `
import {
  check, type Fair, type Model, type ModelActor, renderHole, renderReceptions, renderTrace, walk,
} from 'quorate/checker';
declare const model: Model;
declare const first: ModelActor;
`,
  'a weighed model': `
import type { Model } from 'quorate/checker';
declare const model: Model<readonly string[]>;
`,
  'a model of Paxos': `
import { type ActorView, type ModelActor, refinement } from 'quorate/checker';
type Voting = readonly { readonly maxBallot: number | null; readonly votes: readonly number[] }[];
interface Votes {
  votesOf(acceptor: ModelActor): readonly number[];
}
declare const acceptors: readonly ModelActor[];
declare const promisedIn: (acceptor: ActorView) => number | null;
declare const isIncrease: (before: Voting, after: Voting) => boolean;
declare const isVote: (before: Voting, after: Voting) => boolean;
`,
  'a program with a lock': `
import { createNode, type HandleOf, type Node } from 'quorate';
import type { OperationEnd, Scenario, Watch } from 'quorate/simulator';
import { lockOf } from './example-lock.js';
interface LockApplication {
  readonly node: Node;
  readonly lock: HandleOf<ReturnType<typeof lockOf>>;
}
declare const ask: (lock: LockApplication['lock'], operation: unknown, done: (end: OperationEnd) => void) => void;
declare const watchTokens: () => Watch<LockApplication>;
`,
};
