/** What listens beside a manager: the audit log, hooks, metrics, and the news. None of it is waited for. */

import { join } from 'node:path';
import { type Observable, Subject } from 'rxjs';
import type { Clock } from '../../../environment/clock.ts';
import type { NodeMetricsParts } from '../../metrics/node.ts';
import { openAuditLog } from '../audit.ts';
import { createHooks } from '../hooks.ts';
import { createFailoverMetrics, type FailoverMetrics } from '../metrics.ts';
import type { Actors } from './actors.ts';
import type { ManagerNews, ManagerNodeOptions } from './contract.ts';

export interface Beside {
  readonly metrics: FailoverMetrics;
  readonly news: Observable<ManagerNews>;
  /** Writes and calls what is under way, and begins nothing more. */
  close(): Promise<void>;
}

/** Lets them listen. */
export async function startBeside(
  { id, dataDirectory, hooks: called = [] }: ManagerNodeOptions,
  group: string,
  { register, outputs, opinions, status, qualityOf }: Actors,
  node: NodeMetricsParts & { readonly clock: Clock },
): Promise<Beside> {
  const news = new Subject<ManagerNews>();
  const trouble = (code: 'HOOK_FAILED' | 'AUDIT_LOST', message: string): void =>
    news.next({ type: 'trouble', code, message });
  const metrics = createFailoverMetrics(group, { status, qualityOf }, node);
  const audit = await openAuditLog({
    path: join(dataDirectory, 'audit.jsonl'),
    manager: id,
    onLost(lines, why) {
      metrics.auditLost(lines);
      trouble('AUDIT_LOST', `${lines} lines of the audit log are lost: ${String(why)}`);
    },
  });
  const hooks = createHooks({
    group,
    manager: id,
    phase: audit.phase,
    hooks: called,
    clock: node.clock,
    onFailure(hook, why) {
      metrics.hookFailed();
      trouble('HOOK_FAILED', `'${hook}': ${why}`);
    },
  });
  register.recorded.subscribe(({ journal }) => {
    for (const transition of audit.note(journal)) {
      metrics.transition(transition);
      news.next({ type: 'transition', transition });
      hooks.call(transition);
    }
  });
  outputs.subscribe((output) => {
    if (output.type !== 'accepted' && output.type !== 'refused') news.next({ type: 'manager', output });
  });
  opinions.subscribe({
    next: (opinion) => news.next({ type: 'opinion', ...opinion }),
    error: () => undefined,
  });
  return {
    metrics,
    news: news.asObservable(),
    async close() {
      metrics.close();
      await hooks.close();
      await audit.close();
    },
  };
}
