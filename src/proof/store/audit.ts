/** State machines that tell what they apply, so that it can be watched from above. */

import { Subject } from 'rxjs';
import { decodeCommand, type KeyValueCommand, type KeyValueResult } from '../../services/store/key-value/commands.ts';
import type { KeyValueMachine } from '../../services/store/key-value/machine.ts';
import { pageLimit } from '../../services/store/key-value/questions.ts';
import { LaterAnswer, type SlicedStateMachine } from '../../services/store/state-machine.ts';

/** A command that a state machine was given, and what came of it. */
export interface Application {
  readonly command: KeyValueCommand | { readonly type: 'tick' };
  readonly result: KeyValueResult | { readonly type: 'ticked' };
  readonly revision: number;
  /** The keys that a tick deleted. */
  readonly deleted: readonly string[];
}

/** A state machine of which is known what it applies. */
export interface AuditedMachine extends SlicedStateMachine {
  readonly applications: Subject<Application>;
}

function deletedAt(machine: KeyValueMachine, revision: number): readonly string[] {
  const answer = machine.query({ type: 'changes', selection: {}, after: revision - 1, limit: pageLimit });
  const isTold = !(answer instanceof LaterAnswer) && answer !== null && 'type' in answer && answer.type === 'changes';
  return isTold ? answer.changes.map(({ key }) => key) : [];
}

/** `machine`, which tells what it applies. */
export function audited(machine: KeyValueMachine): AuditedMachine {
  const applications = new Subject<Application>();
  return {
    applications,
    apply(bytes, at) {
      const result = machine.apply(bytes, at);
      const command = decodeCommand(bytes);
      if (typeof command !== 'string') applications.next({ command, result, revision: at.revision, deleted: [] });
      return result;
    },
    query: (question) => machine.query(question),
    get dueAtMs() {
      return machine.dueAtMs;
    },
    tick(at) {
      machine.tick?.(at);
      const { revision } = at;
      const deleted = deletedAt(machine, revision);
      applications.next({ command: { type: 'tick' }, result: { type: 'ticked' }, revision, deleted });
    },
    get sizeBytes() {
      return machine.sizeBytes;
    },
    growthBytes: (command) => machine.growthBytes?.(command) ?? 0,
    mostGrowthBytes: (command) => machine.mostGrowthBytes?.(command) ?? 0,
    view: () => machine.view(),
    restoring: () => machine.restoring(),
  };
}
