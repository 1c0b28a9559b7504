/** Single decree, measured: three acceptors as three processes on loopback, one of which proposes for keys of its own. */

import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { ask, endAll, freePort } from './processes.ts';

/** From the bench to a node. */
export type DecisionRequest =
  | {
      readonly type: 'start';
      readonly id: string;
      readonly directory: string;
      readonly port: number;
      /** The ports of the other nodes, all on loopback. */
      readonly peers: Readonly<Record<string, number>>;
    }
  | {
      readonly type: 'decide';
      readonly acceptors: readonly string[];
      /** How many keys are being decided at a time. */
      readonly inFlight: number;
      readonly seconds: number;
    };

/** What came of some seconds of decisions. */
export interface Decisions {
  readonly latenciesMs: readonly number[];
  readonly elapsedMs: number;
}

/** Nodes that decide. */
export interface Deciders {
  decide(inFlight: number, seconds: number): Promise<Decisions>;
  stop(): Promise<void>;
}

const ids = ['n1', 'n2', 'n3'];

/** Starts nodes whose data is in `directory`. */
export async function startDeciders(directory: string): Promise<Deciders> {
  const ports = new Map<string, number>();
  for (const id of ids) ports.set(id, await freePort());
  const children: ChildProcess[] = [];
  for (const [id, port] of ports) {
    const child = fork(new URL('./decision-node.js', import.meta.url));
    children.push(child);
    const peers = Object.fromEntries([...ports].filter(([peer]) => peer !== id));
    await ask(child, { type: 'start', id, directory: join(directory, id), port, peers } satisfies DecisionRequest);
  }
  const [proposer] = children;
  if (proposer === undefined) throw new Error('expected a node');
  const decide = (inFlight: number, seconds: number): Promise<Decisions> =>
    ask(proposer, { type: 'decide', acceptors: ids, inFlight, seconds } satisfies DecisionRequest);
  // Until then the nodes do not know each other, and V8 does not know the code.
  await decide(64, 2);
  return {
    decide,
    stop: () => endAll(children),
  };
}
