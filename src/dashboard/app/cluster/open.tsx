/** What is under way: transactions, operations of clients; and what was found violated. */

import type { Moment } from '../../model/moment.ts';
import type { OpenTransaction } from '../../model/open-transactions.ts';
import type { Board } from '../board.ts';
import { Chip, durationText, Panel } from '../parts.tsx';

/** So many lines are shown of what may be very many. */
const maxShown = 20;

const beyond = (count: number): string | undefined => (count > maxShown ? `${maxShown} of ${count}` : `${count}`);

interface TransactionsProps {
  readonly board: Board;
  readonly transactions: readonly OpenTransaction[];
}

export function Transactions({ board, transactions }: TransactionsProps) {
  return (
    <Panel title="Open transactions" note={beyond(transactions.length)}>
      <table>
        <thead>
          <tr>
            <th scope="col">transaction</th>
            <th scope="col">phase</th>
            <th scope="col">at</th>
            <th scope="col" class="number">
              age
            </th>
            <th scope="col">waits for</th>
          </tr>
        </thead>
        <tbody>
          {transactions.slice(0, maxShown).map(({ transaction, actor, phase, node, ageMs, waitsFor }) => (
            <tr key={actor}>
              <th scope="row">
                <button
                  type="button"
                  class="link"
                  onClick={() =>
                    board.go({
                      view: 'charts',
                      actor,
                      chart: phase === 'in doubt' ? '2pc.participant' : '2pc.coordinator',
                    })
                  }
                >
                  {transaction}
                </button>
              </th>
              <td>
                <Chip text={phase} />
              </td>
              <td>{node}</td>
              <td class="number">{durationText(ageMs)}</td>
              <td>{waitsFor.length === 0 ? <span class="dim">the application</span> : waitsFor.join(', ')}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

export function Operations({ moment, atMs }: { readonly moment: Moment; readonly atMs: number }) {
  const operations = [...moment.operations.values()];
  return (
    <Panel title="Operations of clients under way" note={beyond(operations.length)}>
      <ul class="lines">
        {operations.slice(0, maxShown).map((operation) => (
          <li key={operation.id}>
            <strong>{operation.client}</strong> {operation.text}{' '}
            <span class="dim">for {durationText(Math.max(0, atMs - operation.atMs))}</span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

export function Violations({ moment }: { readonly moment: Moment }) {
  if (moment.violations.length === 0) return null;
  return (
    <section class="panel violated" role="alert">
      <h2>Violated</h2>
      <ul class="lines">
        {moment.violations.map(({ claim, text, atMs }) => (
          <li key={`${claim} ${atMs}`}>
            <strong>{claim}</strong> {text}
          </li>
        ))}
      </ul>
    </section>
  );
}
