/** One node of the benchmark of decisions, a process of its own: an acceptor, and a proposer of as many keys as it is told. */

import { clusterSecretOf } from '../src/bus/tcp.ts';
import { systemClock } from '../src/environment/clock.ts';
import { agree, agreementDefinitions } from '../src/services/agreement.ts';
import { type RunningNode, startNode } from '../src/services/start-node.ts';
import type { DecisionRequest, Decisions } from './decisions.ts';

const clock = systemClock();
const host = '127.0.0.1';
/** Keys are kept for ever, so a benchmark needs more of them than most nodes do. */
const keyLimit = 10_000_000;

let running: RunningNode | undefined;
let lastKey = 0;

async function decide({
  acceptors,
  inFlight,
  seconds,
}: Extract<DecisionRequest, { type: 'decide' }>): Promise<Decisions> {
  const node = running?.node;
  if (node === undefined) throw new Error('expected `start` first');
  const latenciesMs: number[] = [];
  const startedMs = clock.nowMs();
  const endMs = startedMs + seconds * 1_000;
  const worker = async (): Promise<void> => {
    while (clock.nowMs() < endMs) {
      const sentMs = clock.nowMs();
      lastKey += 1;
      await agree(node, { key: `key-${lastKey}`, value: node.id, acceptors, deadlineMs: 20_000 });
      latenciesMs.push(clock.nowMs() - sentMs);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  return { latenciesMs, elapsedMs: clock.nowMs() - startedMs };
}

process.on('message', async (request: DecisionRequest) => {
  if (request.type === 'decide') {
    process.send?.(await decide(request));
    return;
  }
  const { id, directory, port, peers } = request;
  running = await startNode({
    id,
    directory,
    listen: { host, port },
    peers: Object.fromEntries(Object.entries(peers).map(([peer, peerPort]) => [peer, { host, port: peerPort }])),
    secret: clusterSecretOf('the secret of a benchmark that runs on loopback'),
    definitions: agreementDefinitions,
    limits: { node: { actors: keyLimit, rooms: { agreement: keyLimit } } },
  });
  process.once('disconnect', () => void running?.stop().then(() => process.exit()));
  process.send?.('ready');
});
