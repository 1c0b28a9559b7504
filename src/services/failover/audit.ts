/**
 * The audit log of a manager: each transition of its group, as a line of JSON with the time of day at which the manager learned of
 * it. A manager that starts again goes on after its last line, so that each transition stands there once.
 */

import { pino } from 'pino';
import * as v from 'valibot';
import { type Phase, phases, type Transition } from '../../../statecharts/failover.ts';
import { openRotatingFile, type RotatingFileOptions } from '../rotating-file.ts';

export interface AuditLog {
  /** The phase of the last transition that was noted; undefined before any. */
  readonly phase: Phase | undefined;
  /** Takes note of the transitions that are later than all before. @returns those */
  note(transitions: readonly Transition[]): readonly Transition[];
  close(): Promise<void>;
}

const entry = v.pipe(v.string(), v.parseJson(), v.object({ revision: v.number(), phase: v.picklist(phases) }));

/** Opens the log, which is made when it is not there. */
export async function openAuditLog(options: RotatingFileOptions & { readonly manager: string }): Promise<AuditLog> {
  const { file, lastLine } = await openRotatingFile(options);
  const known = v.safeParse(entry, lastLine);
  let last = known.success ? known.output.revision : 0;
  let phase = known.success ? known.output.phase : undefined;
  const log = pino(
    {
      base: { seenBy: options.manager },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
    },
    file,
  );
  return {
    get phase() {
      return phase;
    },
    note(transitions) {
      const later = transitions.filter(({ revision }) => revision > last);
      for (const transition of later) log.info(transition);
      const latest = later.at(-1);
      last = latest?.revision ?? last;
      phase = latest?.phase ?? phase;
      return later;
    },
    close: () => file.close(),
  };
}
