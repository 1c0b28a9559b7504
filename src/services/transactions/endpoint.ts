/** The manager's address on the bus, where other processes ask it. */

import type { Address, Tagged } from '../../../statecharts/actor.ts';
import { partsOf } from '../../../statecharts/actor.ts';
import type { Node, Resources } from '../../host/node.ts';
import type { TransactionManager } from './contract.ts';
import { managerAddress } from './memory-records.ts';
import { managerRequests, maxListed } from './wire.ts';

/** Questions that may wait for an answer at once; more are dropped, and their askers ask again. */
const maxWaiting = 256;

/**
 * Opens the manager's address.
 *
 * @throws AddressTakenError when the node has a manager already
 */
export function serveManager<Owned extends Resources>(
  node: Node,
  manager: Pick<TransactionManager<Owned>, 'outcome' | 'list' | 'recover'>,
): { close(): void } {
  const { name, key } = partsOf(managerAddress(node.id));
  const senders = ['member', 'client'] as const;
  const endpoint = node.open(name, key, managerRequests, {
    senders: { 'ask-outcome': senders, 'ask-list': senders, 'ask-recover': senders },
  });
  /** By asker and number: who asks again while the answer is being found waits for the same one. */
  const waiting = new Set<string>();

  const answer = (from: Address, request: number, find: () => Promise<Tagged>): void => {
    const asked = `${from}#${request}`;
    if (waiting.has(asked) || waiting.size >= maxWaiting) return;
    waiting.add(asked);
    find().then(
      (found) => {
        waiting.delete(asked);
        endpoint.send(from, found);
      },
      () => waiting.delete(asked),
    );
  };
  endpoint.received.subscribe(({ from, message }) => {
    const { request } = message;
    switch (message.type) {
      case 'ask-outcome':
        answer(from, request, async () => ({
          type: 'outcome',
          request,
          ...(await manager.outcome(message.transaction)),
        }));
        return;
      case 'ask-list':
        answer(from, request, async () => {
          const all = manager.list();
          const transactions = all.slice(0, maxListed);
          return { type: 'list', request, transactions, omitted: all.length - transactions.length };
        });
        return;
      case 'ask-recover':
        answer(from, request, async () => ({ type: 'recovered', request, reports: await manager.recover() }));
    }
  });
  return { close: () => endpoint.close() };
}
