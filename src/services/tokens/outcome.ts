/** What became of a request over the bus, as the audit log has it: as HTTP would answer. */

import { answerOf } from '../http/problems.ts';
import { isRefusal } from '../store/key-value/commands.ts';
import { refusalOf } from '../store/key-value/store.ts';
import { errorOf } from '../store/requests/outcomes.ts';
import type { Response } from '../store/requests/wire.ts';
import type { AuditEntry } from './audit.ts';

type Outcome = Pick<AuditEntry, 'status' | 'code'>;

/** @returns undefined where this attempt has not happened, and another one follows */
export function outcomeOf(response: Response): Outcome | undefined {
  if (response.status === 'done') return outcomeOfResult(response.value);
  const error = errorOf(response);
  if (error !== undefined) return toldOf(error);
  return response.status === 'unknown' ? { status: 504, code: 'OUTCOME_UNKNOWN' } : undefined;
}

/** What a command of the store of keys and values came to; whatever else was done is done. */
function outcomeOfResult(value: unknown): Outcome {
  const { type, reason }: { readonly type?: unknown; readonly reason?: unknown } = Object(value);
  if (type === 'condition-failed') return { status: 412, code: 'PRECONDITION_FAILED' };
  return type === 'refused' && isRefusal(reason) ? toldOf(refusalOf(reason)) : { status: 200 };
}

function toldOf(error: Error): Outcome {
  const { status, problem } = answerOf(error);
  return { status, code: problem.code };
}
