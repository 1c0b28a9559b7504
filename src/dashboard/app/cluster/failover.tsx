/** Failover: what detectors think of each other's nodes, and the servers of a group as its manager sees them. */

import type { GroupNow, OpinionNow } from '../../model/failover-standing.ts';
import type { Board } from '../board.ts';
import { Chip, durationText, Panel, toneOf } from '../parts.tsx';

interface OpinionsProps {
  readonly board: Board;
  readonly opinions: readonly OpinionNow[];
}

/** A row for each node that watches, a column for each that is watched. */
export function Opinions({ board, opinions }: OpinionsProps) {
  const watching = [...new Set(opinions.map(({ node }) => node))].sort();
  const watched = [...new Set(opinions.map((it) => it.watched))].sort();
  const atMs = board.atMs();
  return (
    <Panel title="Opinions of detectors">
      <table class="matrix">
        <thead>
          <tr>
            <th scope="col">
              <span class="sr">who watches</span>
            </th>
            {watched.map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {watching.map((node) => (
            <tr key={node}>
              <th scope="row">{node}</th>
              {watched.map((name) => {
                const found = opinions.find((it) => it.node === node && it.watched === name);
                if (found === undefined) return <td key={name} class="dim" />;
                return (
                  <td key={name}>
                    <button
                      type="button"
                      class={`chip ${toneOf(found.opinion)}`}
                      title={`for ${durationText(Math.max(0, atMs - found.sinceMs))}`}
                      onClick={() => board.go({ view: 'charts', chart: 'fault-detector', actor: found.actor })}
                    >
                      {found.opinion}
                    </button>
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

interface GroupProps {
  readonly board: Board;
  readonly group: GroupNow;
}

export function Groups({ board, group }: GroupProps) {
  const { manager, node, phase, epoch, primary, candidate, servers, alarms } = group;
  return (
    <Panel title="Servers of the group" note={epoch === undefined ? phase : `${phase}, epoch ${epoch}`}>
      <p class="note">
        <button
          type="button"
          class="link"
          onClick={() => board.go({ view: 'charts', chart: 'failover.manager', actor: manager })}
        >
          Manager at {node}
        </button>
        : primary <strong>{primary ?? 'none'}</strong>
        {candidate === undefined ? null : (
          <>
            , candidate <strong>{candidate}</strong>
          </>
        )}
        {alarms.length === 0 ? null : <span class="warn"> {alarms.join(', ')}</span>}
      </p>
      <table>
        <thead>
          <tr>
            <th scope="col">server</th>
            <th scope="col">is</th>
            <th scope="col">opinion</th>
            <th scope="col" class="number">
              offset
            </th>
            <th scope="col">in sync</th>
            <th scope="col">stream</th>
          </tr>
        </thead>
        <tbody>
          {servers.map(({ server, role, opinion, offset, isInSync, isLinked }) => (
            <tr key={server}>
              <th scope="row">{server}</th>
              <td>
                <Chip text={role} />
              </td>
              <td>
                <Chip text={opinion} />
              </td>
              <td class="number">{offset ?? ''}</td>
              <td>{isInSync ? 'yes' : 'no'}</td>
              <td>{role === 'primary' ? '' : isLinked ? 'up' : 'down'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}
