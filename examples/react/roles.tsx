/**
 * A React page that shows nodes' roles: a handle is an XState actor, so `useSelector` renders anew when what it selects has changed, and
 * not at each of the messages. Three nodes run in the page itself, over a network and journals in memory. A server that fails,
 * since its node's journal does, makes `useSelector` throw its error: a boundary shows that in place of the row.
 *
 *     npx vite examples/react
 */

import { useSelector } from '@xstate/react';
import { Component, type ReactNode, useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import {
  addressOf,
  createMemoryNetwork,
  createMemoryStorage,
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
    const storage = createMemoryStorage({ node: id, ...environment });
    const node = createNode({ id, bus: network.join(id), journal: storage.open(), environment });
    return { storage, node, raft: node.start(raftServer, { key: 'page', input: { voters } }) };
  });
}
type Started = ReturnType<typeof startNodes>[number];

/** From now on no record of that node becomes durable. A command, which whoever leads takes, makes it write one. */
function breakDisk({ storage }: Started, all: readonly Started[]): void {
  storage.fail(new Error('the disk is broken'));
  for (const { raft } of all) raft.send({ type: 'propose', id: 0, commands: [new Uint8Array(1)] });
}

interface RowProps extends Started {
  onBreak(): void;
}

/** One node: what its server is at the moment, and since which term. */
function NodeRow({ node, raft, onBreak }: RowProps) {
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
        </button>{' '}
        <button type="button" disabled={role === 'stopped'} onClick={onBreak}>
          Break the disk of {node.id}
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

interface FailureProps {
  readonly node: string;
  readonly children: ReactNode;
}

/** The row of a node whose server has failed, with the error that ended it; until then its `children`. */
class FailureBoundary extends Component<FailureProps, { readonly failure?: string }> {
  override state: { readonly failure?: string } = {};

  static getDerivedStateFromError(error: unknown) {
    return { failure: error instanceof Error ? error.message : String(error) };
  }

  override render(): ReactNode {
    if (this.state.failure === undefined) return this.props.children;
    return (
      <tr data-role="failed">
        <th scope="row">{this.props.node}</th>
        <td>failed</td>
        <td colSpan={2}>{this.state.failure}</td>
      </tr>
    );
  }
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
          <FailureBoundary key={it.node.id} node={it.node.id}>
            <NodeRow {...it} onBreak={() => breakDisk(it, nodes)} />
          </FailureBoundary>
        ))}
      </tbody>
    </table>
  );
}

const root = document.getElementById('root');
if (root === null) throw new Error("expected an element 'root' in the page");
// What a boundary has caught stands on the page.
createRoot(root, { onCaughtError: () => undefined }).render(<Page />);
