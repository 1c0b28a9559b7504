/** The faults that are in force, and those that a person may order where the feed takes orders. */

import { useSignal } from '@preact/signals';
import type { FaultOrder } from '../../feed.ts';
import type { Moment } from '../../model/moment.ts';
import type { NodeStanding } from '../../model/node-standing.ts';
import type { Board } from '../board.ts';
import { Panel } from '../parts.tsx';

interface FaultsProps {
  readonly board: Board;
  readonly moment: Moment;
  readonly nodes: readonly NodeStanding[];
}

export function Faults({ board, moment, nodes }: FaultsProps) {
  const faults = [...moment.faults.values()];
  const takesFaults = board.takesFaults();
  if (!takesFaults && faults.length === 0) return null;
  return (
    <Panel title="Faults" note={faults.length === 0 ? 'none in force' : `${faults.length} in force`}>
      {faults.length === 0 ? null : (
        <ul class="lines">
          {faults.map(({ id, text, byHand }) => (
            <li key={id} class="fault">
              {text} {byHand ? <span class="dim">by hand</span> : null}
            </li>
          ))}
        </ul>
      )}
      {takesFaults ? <Orders board={board} nodes={nodes} /> : null}
    </Panel>
  );
}

function Orders({ board, nodes }: Omit<FaultsProps, 'moment'>) {
  const order = (fault: FaultOrder) => (): void => {
    board.order(fault);
  };
  return (
    <div class="orders">
      <table>
        <thead class="sr">
          <tr>
            <th scope="col">node</th>
            <th scope="col">orders</th>
          </tr>
        </thead>
        <tbody>
          {nodes.map(({ name: node, status }) => (
            <tr key={node}>
              <th scope="row">{node}</th>
              <td class="buttons">
                {status === 'down' ? (
                  <Order node={node} text="Restart" onClick={order({ fault: 'restart', node })} />
                ) : (
                  <Order node={node} text="Kill" onClick={order({ fault: 'kill', node })} />
                )}
                {status === 'paused' ? (
                  <Order node={node} text="Resume" onClick={order({ fault: 'resume', node })} />
                ) : (
                  <Order node={node} text="Pause" onClick={order({ fault: 'pause', node })} />
                )}
                <Order
                  node={node}
                  text="Isolate"
                  onClick={order({
                    fault: 'split',
                    groups: [[node], nodes.flatMap(({ name }) => (name === node ? [] : [name]))],
                  })}
                />
                <Order node={node} text="Slow disk" onClick={order({ fault: 'slow-disk', node, delayMs: 100 })} />
                <Order node={node} text="Fill disk" onClick={order({ fault: 'full-disk', node })} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <LinkOrders board={board} nodes={nodes} />
      <p role="status" class="note">
        {board.answer.value}
      </p>
    </div>
  );
}

interface OrderProps {
  readonly node: string;
  readonly text: string;
  onClick(): void;
}

const Order = ({ node, text, onClick }: OrderProps) => (
  <button type="button" aria-label={`${text} ${node}`} onClick={onClick}>
    {text}
  </button>
);

const delays = [50, 200, 1_000];
const probabilities = [0.1, 0.3, 0.7];

function LinkOrders({ board, nodes }: Omit<FaultsProps, 'moment'>) {
  const from = useSignal(nodes[0]?.name ?? '');
  const to = useSignal(nodes[1]?.name ?? '');
  const delayMs = useSignal(200);
  const probability = useSignal(0.3);
  const order = (fault: FaultOrder): void => {
    board.order(fault);
  };
  const link = { from: from.value, to: to.value };
  const isNone = link.from === link.to;
  return (
    <fieldset class="buttons">
      <legend>Link</legend>
      <Choice
        name="From"
        values={nodes.map(({ name }) => name)}
        value={from.value}
        onChoose={(it) => (from.value = it)}
      />
      <span aria-hidden="true">→</span>
      <Choice name="To" values={nodes.map(({ name }) => name)} value={to.value} onChoose={(it) => (to.value = it)} />
      <button type="button" disabled={isNone} onClick={() => order({ fault: 'cut', ...link })}>
        Cut
      </button>
      <button
        type="button"
        disabled={isNone}
        onClick={() => order({ fault: 'delay', ...link, delayMs: delayMs.value })}
      >
        Delay
      </button>
      <Choice
        name="by milliseconds"
        values={delays.map(String)}
        value={String(delayMs.value)}
        suffix=" ms"
        onChoose={(it) => (delayMs.value = Number(it))}
      />
      <button
        type="button"
        disabled={isNone}
        onClick={() => order({ fault: 'lose', ...link, probability: probability.value })}
      >
        Lose
      </button>
      <Choice
        name="with probability"
        values={probabilities.map(String)}
        value={String(probability.value)}
        onChoose={(it) => (probability.value = Number(it))}
      />
      <button type="button" class="heal" onClick={() => order({ fault: 'heal' })}>
        Heal all
      </button>
    </fieldset>
  );
}

interface ChoiceProps {
  readonly name: string;
  readonly values: readonly string[];
  readonly value: string;
  readonly suffix?: string;
  onChoose(value: string): void;
}

const Choice = ({ name, values, value, suffix = '', onChoose }: ChoiceProps) => (
  <select aria-label={name} value={value} onChange={({ currentTarget }) => onChoose(currentTarget.value)}>
    {values.map((it) => (
      <option key={it} value={it}>
        {it}
        {suffix}
      </option>
    ))}
  </select>
);
