/** The nodes as a table: how each is, its role, how its leader is numbered, how far its log goes. */

import type { NodeStanding } from '../../model/node-standing.ts';
import type { Board } from '../board.ts';
import { Chip, durationText, Panel } from '../parts.tsx';

interface NodesProps {
  readonly board: Board;
  readonly nodes: readonly NodeStanding[];
}

export function NodeTable({ board, nodes }: NodesProps) {
  const log = nodes.find((node) => node.log !== undefined)?.log;
  const numbering = log?.numbering;
  return (
    <Panel title="Nodes">
      <table>
        <thead>
          <tr>
            <th scope="col">node</th>
            <th scope="col">is</th>
            <th scope="col">role</th>
            {numbering === undefined ? null : (
              <>
                <th scope="col">for</th>
                <th scope="col" class="number">
                  {numbering}
                </th>
                <th scope="col" class="number">
                  log
                </th>
                <th scope="col" class="number">
                  commit
                </th>
                <th scope="col">leader</th>
              </>
            )}
            <th scope="col">actors</th>
          </tr>
        </thead>
        <tbody>
          {nodes.map((node) => (
            <tr key={node.name}>
              <th scope="row">{node.name}</th>
              <td title={node.reason}>
                <Chip text={node.status} />
              </td>
              <td>{node.role === undefined ? '' : <Chip text={node.role} />}</td>
              {numbering === undefined ? null : <LogCells board={board} node={node} />}
              <td>
                <Actors board={board} node={node} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

function LogCells({ board, node: { log } }: { readonly board: Board; readonly node: NodeStanding }) {
  if (log === undefined) return <td colSpan={5} />;
  return (
    <>
      <td class="dim">{durationText(Math.max(0, board.atMs() - log.actor.roleSinceMs))}</td>
      <td class="number">{log.number}</td>
      <td class="number">{log.lastIndex}</td>
      <td class="number">{log.commitIndex}</td>
      <td>{log.leader ?? <span class="dim">none</span>}</td>
    </>
  );
}

/** So many actors of a node are named. */
const maxNamed = 6;

function Actors({ board, node: { actors } }: { readonly board: Board; readonly node: NodeStanding }) {
  return (
    <span class="actors">
      {actors.slice(0, maxNamed).map(({ actor, chart }) => (
        <button
          key={actor}
          type="button"
          class="link"
          title={actor}
          onClick={() => board.go({ view: 'charts', chart, actor })}
        >
          {chart}
        </button>
      ))}
      {actors.length > maxNamed ? <span class="dim">and {actors.length - maxNamed} more</span> : null}
    </span>
  );
}
