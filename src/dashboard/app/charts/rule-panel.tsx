/** What a transition does and why: guard, the paper's rule, and the source of the rules behind it; and what the role is. */

import { labelOf } from '../../../charts/labels.ts';
import type { ChartAsset, ChartTransition } from '../../model/chart-asset.ts';
import { Panel } from '../parts.tsx';

interface RulePanelProps {
  readonly asset: ChartAsset;
  /** The transitions that are looked at. */
  readonly ids: readonly string[];
  /** Whether they were picked; otherwise they were taken last. */
  readonly isPicked: boolean;
  onPick(ids: string): void;
}

export function RulePanel({ asset, ids, isPicked, onPick }: RulePanelProps) {
  const known = ids.flatMap((id) => {
    const transition = asset.transitions[id];
    return transition === undefined ? [] : [{ id, transition }];
  });
  return (
    <>
      {known.length === 0 ? null : (
        <Panel title={isPicked ? 'Picked transition' : 'Transition taken last'}>
          {known.map(({ id, transition }) => (
            <Transition key={id} asset={asset} transition={transition} />
          ))}
        </Panel>
      )}
      <Panel title={asset.name}>
        <p class="prose">{asset.about}</p>
        {asset.failures === '' ? null : <p class="prose">{asset.failures}</p>}
        {asset.paper === '' ? null : <p class="prose dim">{asset.paper}</p>}
        <details>
          <summary>All transitions ({asset.layout.arrows.length})</summary>
          <ul class="lines">
            {asset.layout.arrows.map(({ arrow }) => (
              <li key={`${arrow.ids.join('|')} ${arrow.to}`}>
                <button type="button" class="link" onClick={() => onPick(arrow.ids.join('|'))}>
                  {nameIn(asset, arrow.from)} → {nameIn(asset, arrow.to)}
                </button>{' '}
                <span class="dim">{labelOf(arrow)}</span>
              </li>
            ))}
          </ul>
        </details>
      </Panel>
    </>
  );
}

/** The id of a state without its machine's. */
const nameIn = ({ machine }: ChartAsset, id: string): string =>
  id === machine ? 'any state' : id.replace(`${machine}.`, '');

interface TransitionProps {
  readonly asset: ChartAsset;
  readonly transition: ChartTransition;
}

function Transition({ asset, transition }: TransitionProps) {
  const { event, source, targets, guard, guards, actions, rule } = transition;
  const short = (id: string): string => nameIn(asset, id);
  const sources = [...new Set([...guards, ...actions])].flatMap((name) => {
    const found = asset.rules[name];
    return found === undefined ? [] : [{ name, found }];
  });
  return (
    <div class="transition">
      <p>
        <strong>{event === '' ? 'at once' : event}</strong> {guard === undefined ? null : <code>[{guard}]</code>}
        <br />
        {short(source)} {targets.length === 0 ? '(stays)' : `→ ${targets.map(short).join(', ')}`}
      </p>
      {rule === undefined ? null : <p class="rule">{rule}</p>}
      {sources.map(({ name, found }) => (
        <details key={name}>
          <summary>
            <code>{name}</code> <span class="dim">{guards.includes(name) ? 'guard' : 'rule'}</span>
          </summary>
          <pre>{found.text}</pre>
          <p class="dim">
            {found.file}:{found.line}
          </p>
        </details>
      ))}
    </div>
  );
}
