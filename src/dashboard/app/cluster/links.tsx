/** The links as a table, for those who do not see the map, and for exact numbers. */

import type { Traffic } from '../../model/traffic.ts';
import { Panel } from '../parts.tsx';

interface LinkTableProps {
  readonly traffic: Traffic;
  readonly isCheck: boolean;
}

const maxShown = 30;

export function LinkTable({ traffic, isCheck }: LinkTableProps) {
  const links = [...traffic.links.values()].sort((one, other) => other.sent + other.lost - one.sent - one.lost);
  const unit = isCheck ? `in ${traffic.windowMs} steps` : 'a second';
  const scale = isCheck ? 1 : 1_000 / Math.max(1, traffic.windowMs);
  const rate = (count: number): string => (count === 0 ? '' : String(Math.round(count * scale)));
  return (
    <Panel title="Links" note={`messages ${unit}`}>
      {traffic.untold === 0 ? null : (
        <p class="note warn">
          Too busy to be shown whole: {rate(traffic.untold)} events {unit} are told in numbers alone.
        </p>
      )}
      {links.length === 0 ? (
        <p class="note dim">Nothing is on its way.</p>
      ) : (
        <table>
          <thead>
            <tr>
              <th scope="col">from → to</th>
              <th scope="col" class="number">
                sent
              </th>
              <th scope="col" class="number">
                lost
              </th>
              <th scope="col">mostly</th>
            </tr>
          </thead>
          <tbody>
            {links.slice(0, maxShown).map(({ from, to, sent, lost, types }) => (
              <tr key={`${from} ${to}`}>
                <th scope="row">
                  {from} → {to}
                </th>
                <td class="number">{rate(sent)}</td>
                <td class={`number${lost > 0 ? ' bad' : ''}`}>{rate(lost)}</td>
                <td class="dim">
                  {types
                    .slice(0, 3)
                    .map(([type]) => type)
                    .join(', ')}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}
