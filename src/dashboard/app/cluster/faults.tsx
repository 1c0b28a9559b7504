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
  const names = nodes.map(({ name }) => name);
  const order = (fault: FaultOrder): void => {
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
          {nodes.map((node) => (
            <tr key={node.name}>
              <th scope="row">{node.name}</th>
              <td class="buttons">
                <NodeOrders node={node} others={names.filter((name) => name !== node.name)} order={order} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {names.length < 2 ? null : (
        <>
          <LinkOrders names={names} order={order} />
          <SplitOrders names={names} order={order} />
        </>
      )}
      <div class="buttons last">
        <button type="button" onClick={() => order({ fault: 'heal' })}>
          Heal all
        </button>
        <span role="status" class="note">
          {board.answer.value}
        </span>
      </div>
    </div>
  );
}

interface NodeOrdersProps {
  readonly node: NodeStanding;
  readonly others: readonly string[];
  order(fault: FaultOrder): void;
}

/** A process that is gone has nothing that could be paused, cut off or filled. */
function NodeOrders({ node: { name: node, status }, others, order }: NodeOrdersProps) {
  if (status === 'down') return <Order node={node} text="Restart" onClick={() => order({ fault: 'restart', node })} />;
  return (
    <>
      <Order node={node} text="Kill" onClick={() => order({ fault: 'kill', node })} />
      {status === 'paused' ? (
        <Order node={node} text="Resume" onClick={() => order({ fault: 'resume', node })} />
      ) : (
        <Order node={node} text="Pause" onClick={() => order({ fault: 'pause', node })} />
      )}
      {others.length === 0 ? null : (
        <Order node={node} text="Isolate" onClick={() => order({ fault: 'split', groups: [[node], others] })} />
      )}
      <Order node={node} text="Slow disk" onClick={() => order({ fault: 'slow-disk', node, delayMs: 100 })} />
      <Order node={node} text="Fill disk" onClick={() => order({ fault: 'full-disk', node })} />
    </>
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

interface BetweenProps {
  readonly names: readonly string[];
  order(fault: FaultOrder): void;
}

function LinkOrders({ names, order }: BetweenProps) {
  const from = useSignal(names[0] ?? '');
  const to = useSignal(names[1] ?? '');
  const delayMs = useSignal(200);
  const probability = useSignal(0.3);
  const link = { from: from.value, to: to.value };
  const isNone = link.from === link.to;
  return (
    <fieldset class="buttons">
      <legend>Link</legend>
      <Choice name="From" values={names} value={from.value} onChoose={(it) => (from.value = it)} />
      <span aria-hidden="true">→</span>
      <Choice name="To" values={names} value={to.value} onChoose={(it) => (to.value = it)} />
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
    </fieldset>
  );
}

/** Two groups of any size, between which nothing passes: those that are chosen, and the others. */
function SplitOrders({ names, order }: BetweenProps) {
  const chosen = useSignal<ReadonlySet<string>>(new Set(names.slice(0, Math.floor(names.length / 2))));
  const group = names.filter((name) => chosen.value.has(name));
  const others = names.filter((name) => !chosen.value.has(name));
  const toggle = (name: string): void => {
    const next = new Set(chosen.value);
    if (!next.delete(name)) next.add(name);
    chosen.value = next;
  };
  return (
    <fieldset class="buttons">
      <legend>Split</legend>
      {names.map((name) => (
        <label key={name} class="check">
          <input type="checkbox" checked={chosen.value.has(name)} onChange={() => toggle(name)} />
          {name}
        </label>
      ))}
      <span class="dim">{others.length === 0 ? 'from none' : `from ${others.join(', ')}`}</span>
      <button
        type="button"
        disabled={group.length === 0 || others.length === 0}
        onClick={() => order({ fault: 'split', groups: [group, others] })}
      >
        Split
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
