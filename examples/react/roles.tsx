/**
 * A React page that shows nodes' roles: a handle is an XState actor, so `useSelector` renders anew when what it selects has changed, and
 * not at each of the messages. Three nodes run in the page itself, over a network and journals in memory.
 *
 *     npx vite examples/react
 */

import { useSelector } from '@xstate/react';
import { useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import {
  addressOf,
  createMemoryJournal,
  createMemoryNetwork,
  createNode,
  type HandleOf,
  systemEnvironment,
} from '../../src/index.ts';
import { raftServer } from '../../statecharts/raft.ts';

const ids = ['n1', 'n2', 'n3'];

/** The Raft servers of a cluster, and their nodes. */
function startNodes() {
  const environment = systemEnvironment();
  const network = createMemoryNetwork(environment);
  const voters = ids.map((id) => addressOf(id, raftServer.name, 'page'));
  return ids.map((id) => {
    const journal = createMemoryJournal({ node: id, ...environment });
    const node = createNode({ id, bus: network.join(id), journal, environment });
    return { node, raft: node.start(raftServer, { key: 'page', input: { voters } }) };
  });
}
type Started = ReturnType<typeof startNodes>[number];

/** One node: what its server is at the moment, and since which term. */
function NodeRow({ node, raft }: Started) {
  const role = useRole(raft);
  const term = useSelector(raft, ({ context }) => context.term);
  return (
    <tr data-role={role}>
      <th scope="row">{node.id}</th>
      <td>{role}</td>
      <td>{term}</td>
      <td>
        <button type="button" disabled={role === 'stopped'} onClick={() => void node.stop()}>
          Stop {node.id}
        </button>
      </td>
    </tr>
  );
}

/** The state of the chart, by its name, while the server runs. */
function useRole(raft: HandleOf<typeof raftServer>): string {
  const [isStopped, setStopped] = useState(false);
  // An actor's end is no state of it: `useSelector` alone would show its last one for ever.
  useEffect(() => {
    const subscription = raft.subscribe({ complete: () => setStopped(true) });
    return () => subscription.unsubscribe();
  }, [raft]);
  const state = useSelector(raft, ({ value }) => (typeof value === 'string' ? value : Object.keys(value).join(', ')));
  return isStopped ? 'stopped' : state;
}

function Page() {
  const [nodes] = useState(startNodes);
  return (
    <table>
      <caption>
        <h1>Three Raft servers in this page</h1>
      </caption>
      <thead>
        <tr>
          <th scope="col">node</th>
          <th scope="col">role</th>
          <th scope="col">term</th>
          <td />
        </tr>
      </thead>
      <tbody>
        {nodes.map((it) => (
          <NodeRow key={it.node.id} {...it} />
        ))}
      </tbody>
    </table>
  );
}

const root = document.getElementById('root');
if (root === null) throw new Error("expected an element 'root' in the page");
createRoot(root).render(<Page />);
