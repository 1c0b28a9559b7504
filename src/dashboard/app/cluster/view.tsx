/** The cluster at a moment: its nodes and links, what is under way, and what a person may do to it. */

import { groupsAt, opinionsAt } from '../../model/failover-standing.ts';
import { nodeStandings } from '../../model/node-standing.ts';
import { openTransactions } from '../../model/open-transactions.ts';
import type { BoardProps } from '../parts.tsx';
import { Groups, Opinions } from './failover.tsx';
import { Faults } from './faults.tsx';
import { Happenings } from './happenings.tsx';
import { LinkTable } from './links.tsx';
import { ClusterMap } from './map.tsx';
import { NodeTable } from './nodes.tsx';
import { Operations, Transactions, Violations } from './open.tsx';

export function ClusterView({ board }: BoardProps) {
  const moment = board.moment();
  const nodes = nodeStandings(moment);
  const atMs = board.atMs();
  const traffic = board.traffic();
  const transactions = openTransactions(moment, atMs);
  const opinions = opinionsAt(moment);
  const groups = groupsAt(moment);
  if (nodes.length === 0) return <p class="empty">Nothing has been told yet.</p>;
  return (
    <div class="cluster">
      <div class="left">
        <ClusterMap board={board} nodes={nodes} traffic={traffic} moment={moment} />
        <Violations moment={moment} />
        <Faults board={board} moment={moment} nodes={nodes} />
      </div>
      <div class="right">
        <NodeTable board={board} nodes={nodes} />
        {transactions.length > 0 ? <Transactions board={board} transactions={transactions} /> : null}
        {groups.map((group) => (
          <Groups key={group.manager} board={board} group={group} />
        ))}
        {opinions.length > 0 ? <Opinions board={board} opinions={opinions} /> : null}
        {moment.operations.size > 0 ? <Operations moment={moment} atMs={atMs} /> : null}
        <LinkTable traffic={traffic} isCheck={board.timeline.head?.source === 'check'} />
        <Happenings board={board} />
      </div>
    </div>
  );
}
