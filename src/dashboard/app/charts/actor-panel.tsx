/** An actor: its role and state, what it took in last and what came of that, and its context. */

import type { ChartAsset } from '../../model/chart-asset.ts';
import type { ActorNow } from '../../model/moment.ts';
import type { Board } from '../board.ts';
import { Chip, durationText, Panel } from '../parts.tsx';
import { briefOf, Value } from '../value.tsx';

interface ActorPanelProps {
  readonly board: Board;
  readonly actor: ActorNow;
  readonly asset: ChartAsset | undefined;
}

export function ActorPanel({ board, actor }: ActorPanelProps) {
  const { step, sends, role } = actor;
  const atMs = board.atMs();
  const isCheck = board.timeline.head?.source === 'check';
  return (
    <Panel title={actor.actor}>
      <p class="note">
        {role === undefined ? null : <Chip text={role} />}{' '}
        {isCheck ? '' : `for ${durationText(Math.max(0, atMs - actor.roleSinceMs))}, `}
        in <code>{briefOf(actor.value)}</code>
      </p>
      {step === undefined ? null : (
        <dl>
          <dt>took in</dt>
          <dd>
            <Value name={step.cause.type} value={withoutType(step.cause)} />
            <span class="dim">from {step.from === actor.actor ? 'itself' : step.from}</span>
          </dd>
          <dt>effects</dt>
          <dd>
            {step.effects.length + sends.length === 0 ? <span class="dim">none</span> : null}
            {step.effects.map((effect, at) => (
              <div key={at}>{effect}</div>
            ))}
            {sends.map((sent) => (
              <div key={sent.id}>
                send <code>{sent.message.type}</code> to {sent.to}
                {board.timeline.isLost(sent.id) ? <span class="warn"> lost</span> : null}
              </div>
            ))}
          </dd>
        </dl>
      )}
      <Value name="context" value={actor.context} />
    </Panel>
  );
}

const withoutType = ({ type: _type, ...rest }: Readonly<Record<string, unknown>>): unknown => rest;
